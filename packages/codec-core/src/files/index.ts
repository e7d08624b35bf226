/** Files: Pith files, npy, safetensors. Needs Node. @module */
export {};
