/** A LangChain vector store over Pith codes. */
export {};
