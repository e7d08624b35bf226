/** Pith codes in Qdrant. */
export {};
