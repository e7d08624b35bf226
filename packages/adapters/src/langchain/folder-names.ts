/** The files by which a folder tells what kind of store it is. */

/** Of a store that is opened and written as it goes. */
export const DATABASE = "store.sqlite";
/** Of one that was saved, and is loaded into memory. */
export const MANIFEST = "store.json";
