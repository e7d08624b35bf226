/** Pith codes in Weaviate. */
export {};
