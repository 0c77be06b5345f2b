"""Tiny models with random weights, one for each architecture that people use, as GGUF files of some hundred kB.

They say nothing; they are loaded, tokenized for and computed by llama.cpp as their large relatives are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import gguf
import numpy as np
from chat_templates import DEEPSEEK_R1, GEMMA_2, LLAMA_2, LLAMA_3, PHI_3, QWEN_3
from gguf import TokenType

LAYERS, WIDTH, HEADS, KV_HEADS, FEED_FORWARD = 2, 64, 4, 2, 96
HEAD = WIDTH // HEADS
CONTEXT = 768
WORDS = [
    "the", "and", "of", "to", "was", "he", "she", "that", "in", "his", "her", "with", "had", "Anna", "mill", "bell",
    "roof", "smoke", "fire", "end", "user", "system", "text",
]  # fmt: skip


@dataclass(frozen=True)
class Vocabulary:
    """Tokens with their types, and scores (SPM) or merges (BPE)."""

    kind: str
    pre: str
    tokens: list[str]
    types: list[int]
    scores: list[float]
    merges: list[str]
    space_prefix: bool = True

    def number(self, token: str) -> int:
        return self.tokens.index(token)


def spm(
    markers: Sequence[str] = (),
    *,
    user_defined: Sequence[str] = (),
    pieces: Sequence[str] = (),
    space_prefix: bool = True,
) -> Vocabulary:
    """Return a vocabulary as SentencePiece makes it: BOS and EOS, bytes, characters, words with a space before them."""
    tokens = ["<unk>", "<s>", "</s>"]
    types = [TokenType.UNKNOWN, TokenType.CONTROL, TokenType.CONTROL]
    tokens += [f"<0x{byte:02X}>" for byte in range(256)]
    types += [TokenType.BYTE] * 256
    pieces = [*pieces, "▁", *(chr(code) for code in range(33, 127))]
    for word in WORDS:
        pieces += [text[:end] for text in (word, f"▁{word}") for end in range(2, len(text) + 1)]
    pieces = list(dict.fromkeys(pieces))
    tokens += pieces
    types += [TokenType.NORMAL] * len(pieces)
    tokens += [*markers, *user_defined]
    types += [TokenType.CONTROL] * len(markers) + [TokenType.USER_DEFINED] * len(user_defined)
    # Longer pieces are worth more, as frequent ones are.
    scores = [
        float(len(token)) - 100 if kind == TokenType.NORMAL else 0.0 for token, kind in zip(tokens, types, strict=True)
    ]
    return Vocabulary("llama", "default", tokens, [int(kind) for kind in types], scores, [], space_prefix)


def bpe(pre: str, markers: Sequence[str] = (), *, user_defined: Sequence[str] = ()) -> Vocabulary:
    """Return a byte-level BPE vocabulary: 256 bytes, and the merges that make some words of them."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    hidden = [byte for byte in range(256) if byte not in printable]
    letters = {byte: chr(byte) for byte in printable} | {byte: chr(256 + n) for n, byte in enumerate(hidden)}
    tokens, merges = [letters[byte] for byte in range(256)], []
    for word in WORDS:
        for text in (word, f"Ġ{word}"):
            for end in range(1, len(text)):
                merge = f"{text[:end]} {text[end]}"
                if merge not in merges:
                    merges.append(merge)
                    tokens.append(text[: end + 1])
    # A merge of one space and a line end, so that a document's edge can grow into the template's text.
    merges.append("Ċ Ċ")
    tokens.append("ĊĊ")
    tokens = list(dict.fromkeys(tokens))
    types = [TokenType.NORMAL] * len(tokens) + [TokenType.CONTROL] * len(markers)
    types += [TokenType.USER_DEFINED] * len(user_defined)
    tokens += [*markers, *user_defined]
    return Vocabulary("gpt2", pre, tokens, [int(kind) for kind in types], [], merges)


@dataclass(frozen=True)
class Family:
    """An architecture with the vocabulary and the shape of template that its models have."""

    architecture: str
    vocabulary: Vocabulary
    template: str
    eos: str
    tensors: Callable[[Writer], None]
    bos: str | None = None
    add_bos: bool = False
    keys: dict[str, int | float] = field(default_factory=dict)


class Writer:
    """A GGUF file in the making, with random tensors."""

    def __init__(self, path: Path, family: Family) -> None:
        self.file = gguf.GGUFWriter(path, family.architecture)
        self.random = np.random.default_rng(0)

    def weight(self, name: str, *shape: int) -> None:
        """Add a matrix or, with one dimension, a bias; the inner dimension stands last, as numpy has it."""
        self.file.add_tensor(name, self.random.normal(0, 0.2, shape).astype(np.float32))

    def norm(self, name: str, width: int = WIDTH) -> None:
        self.file.add_tensor(f"{name}.weight", np.ones(width, np.float32))


def write_model(path: Path, family: Family, *, template: str | None = "", context: int = CONTEXT) -> Path:
    """Write the family's model to `path`; `template` is the family's own unless given, None leaves it out."""
    writer = Writer(path, family)
    file, vocabulary = writer.file, family.vocabulary
    file.add_name("tiny")
    file.add_context_length(context)
    file.add_embedding_length(WIDTH)
    file.add_block_count(LAYERS)
    file.add_feed_forward_length(FEED_FORWARD)
    file.add_vocab_size(len(vocabulary.tokens))
    file.add_file_type(gguf.LlamaFileType.ALL_F32)
    for key, value in family.keys.items():
        add = file.add_float32 if isinstance(value, float) else file.add_uint32
        add(f"{family.architecture}.{key}", value)
    file.add_tokenizer_model(vocabulary.kind)
    file.add_tokenizer_pre(vocabulary.pre)
    file.add_add_space_prefix(vocabulary.space_prefix)
    file.add_token_list(vocabulary.tokens)
    file.add_token_types(vocabulary.types)
    if vocabulary.scores:
        file.add_token_scores(vocabulary.scores)
    if vocabulary.merges:
        file.add_token_merges(vocabulary.merges)
    file.add_eos_token_id(vocabulary.number(family.eos))
    if family.bos is not None:
        file.add_bos_token_id(vocabulary.number(family.bos))
    file.add_add_bos_token(family.add_bos)
    if template is not None:
        file.add_chat_template(template or family.template)
    writer.weight("token_embd.weight", len(vocabulary.tokens), WIDTH)
    writer.norm("output_norm")
    family.tensors(writer)
    file.write_header_to_file()
    file.write_kv_data_to_file()
    file.write_tensors_to_file()
    file.close()
    return path


ATTENTION: dict[str, int | float] = {
    "attention.head_count": HEADS,
    "attention.head_count_kv": KV_HEADS,
    "attention.layer_norm_rms_epsilon": 1e-5,
    "rope.dimension_count": HEAD,
    "rope.freq_base": 10000.0,
}


def _attention(writer: Writer, layer: str, *, bias: bool = False) -> None:
    widths = {"q": HEADS * HEAD, "k": KV_HEADS * HEAD, "v": KV_HEADS * HEAD}
    for part, width in widths.items():
        writer.weight(f"{layer}.attn_{part}.weight", width, WIDTH)
        if bias:
            writer.weight(f"{layer}.attn_{part}.bias", width)
    writer.weight(f"{layer}.attn_output.weight", WIDTH, HEADS * HEAD)
    writer.norm(f"{layer}.attn_norm")


def _feed_forward(writer: Writer, layer: str) -> None:
    writer.weight(f"{layer}.ffn_gate.weight", FEED_FORWARD, WIDTH)
    writer.weight(f"{layer}.ffn_up.weight", FEED_FORWARD, WIDTH)
    writer.weight(f"{layer}.ffn_down.weight", WIDTH, FEED_FORWARD)
    writer.norm(f"{layer}.ffn_norm")


def _llama(writer: Writer) -> None:
    for layer in (f"blk.{number}" for number in range(LAYERS)):
        _attention(writer, layer)
        _feed_forward(writer, layer)


def _qwen_2(writer: Writer) -> None:
    for layer in (f"blk.{number}" for number in range(LAYERS)):
        _attention(writer, layer, bias=True)
        _feed_forward(writer, layer)


def _qwen_3(writer: Writer) -> None:
    _llama(writer)
    for layer in (f"blk.{number}" for number in range(LAYERS)):
        writer.norm(f"{layer}.attn_q_norm", HEAD)
        writer.norm(f"{layer}.attn_k_norm", HEAD)


def _gemma_2(writer: Writer) -> None:
    _llama(writer)
    for layer in (f"blk.{number}" for number in range(LAYERS)):
        writer.norm(f"{layer}.post_attention_norm")
        writer.norm(f"{layer}.post_ffw_norm")


def _phi_3(writer: Writer) -> None:
    writer.weight("output.weight", len(FAMILIES["phi3"].vocabulary.tokens), WIDTH)
    for layer in (f"blk.{number}" for number in range(LAYERS)):
        writer.weight(f"{layer}.attn_qkv.weight", (HEADS + 2 * KV_HEADS) * HEAD, WIDTH)
        writer.weight(f"{layer}.attn_output.weight", WIDTH, HEADS * HEAD)
        writer.norm(f"{layer}.attn_norm")
        writer.weight(f"{layer}.ffn_up.weight", 2 * FEED_FORWARD, WIDTH)
        writer.weight(f"{layer}.ffn_down.weight", WIDTH, FEED_FORWARD)
        writer.norm(f"{layer}.ffn_norm")


STATE, INNER, CONVOLUTION, RANK = 8, 2 * WIDTH, 4, 4


def _mamba(writer: Writer) -> None:
    for layer in (f"blk.{number}" for number in range(LAYERS)):
        writer.norm(f"{layer}.attn_norm")
        writer.weight(f"{layer}.ssm_in.weight", 2 * INNER, WIDTH)
        writer.weight(f"{layer}.ssm_conv1d.weight", INNER, CONVOLUTION)
        writer.weight(f"{layer}.ssm_conv1d.bias", INNER)
        writer.weight(f"{layer}.ssm_x.weight", RANK + 2 * STATE, INNER)
        writer.weight(f"{layer}.ssm_dt.weight", INNER, RANK)
        writer.weight(f"{layer}.ssm_dt.bias", INNER)
        writer.file.add_tensor(f"{layer}.ssm_a", -np.ones((INNER, STATE), np.float32))
        writer.file.add_tensor(f"{layer}.ssm_d", np.ones(INNER, np.float32))
        writer.weight(f"{layer}.ssm_out.weight", WIDTH, INNER)


FAMILIES = {
    "llama2": Family("llama", spm(), LLAMA_2, "</s>", _llama, bos="<s>", add_bos=True, keys=ATTENTION),
    "llama3": Family(
        "llama",
        bpe("llama-bpe", ["<|begin|>", "<|eot_id|>", "<|start_header_id|>", "<|end_header_id|>"]),
        LLAMA_3,
        "<|eot_id|>",
        _llama,
        bos="<|begin|>",
        add_bos=True,
        keys=ATTENTION,
    ),
    "qwen2": Family(
        "qwen2",
        bpe("qwen2", ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]),
        QWEN_3.replace("<think>\\n\\n</think>", "").replace("</think>", "</tool_response>"),
        "<|im_end|>",
        _qwen_2,
        keys=ATTENTION,
    ),
    # Its thinking tags are user-defined, as in the real files.
    "qwen3": Family(
        "qwen3",
        bpe("qwen2", ["<|endoftext|>", "<|im_start|>", "<|im_end|>"], user_defined=["<think>", "</think>"]),
        QWEN_3,
        "<|im_end|>",
        _qwen_3,
        keys={**ATTENTION, "attention.key_length": HEAD, "attention.value_length": HEAD},
    ),
    "gemma2": Family(
        "gemma2",
        spm(["<start_of_turn>", "<end_of_turn>"], user_defined=["▁▁", "\n\n", "<table>"], space_prefix=False),
        GEMMA_2,
        "<end_of_turn>",
        _gemma_2,
        bos="<s>",
        add_bos=True,
        keys={**ATTENTION, "attention.key_length": HEAD, "attention.value_length": HEAD,
              "attention.sliding_window": 256, "attn_logit_softcapping": 50.0, "final_logit_softcapping": 30.0},
    ),
    # Role markers that are only user-defined, as some conversions make them.
    "phi3": Family(
        "phi3",
        spm(["<|endoftext|>"], user_defined=["<|system|>", "<|user|>", "<|assistant|>", "<|end|>"]),
        PHI_3,
        "<|endoftext|>",
        _phi_3,
        bos="<s>",
        keys={**ATTENTION, "attention.sliding_window": 0},
    ),
    "r1": Family(
        "qwen2",
        bpe("qwen2", ["<|begin|>", "<|eos|>", "<|User|>", "<|Assistant|>"]),
        DEEPSEEK_R1,
        "<|eos|>",
        _qwen_2,
        bos="<|begin|>",
        add_bos=True,
        keys=ATTENTION,
    ),
    "mamba": Family(
        "mamba",
        bpe("gpt-2", ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]),
        QWEN_3.replace("</think>", "</tool_response>").replace("<think>", ""),
        "<|im_end|>",
        _mamba,
        keys={"attention.layer_norm_rms_epsilon": 1e-5, "ssm.conv_kernel": CONVOLUTION, "ssm.inner_size": INNER,
              "ssm.state_size": STATE, "ssm.time_step_rank": RANK},
    ),
}  # fmt: skip
