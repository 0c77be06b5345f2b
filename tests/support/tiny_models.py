"""Tiny models with random weights, one for each architecture that people use, as GGUF files of some hundred kB.

Their texts mean nothing; llama.cpp loads them, tokenizes for them and computes them like their large relatives.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import gguf
import numpy as np
from chat_templates import DEEPSEEK_R1, GEMMA_2, LLAMA_2, LLAMA_3, PHI_3, QWEN_3
from tiny_vocabularies import Vocabulary, bpe, spm

LAYERS, WIDTH, HEADS, KV_HEADS, FEED_FORWARD = 2, 64, 4, 2, 96
HEAD = WIDTH // HEADS
CONTEXT = 768


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
