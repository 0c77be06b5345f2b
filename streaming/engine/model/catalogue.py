"""The models that `gistream model recommend` lists: instruct models on a hub that anybody may use, smallest file first.

Facts about files, copied by hand, so that no hub is asked. Listed are the makers' own repositories under Apache-2.0 or
MIT. No file was downloaded for this list. The source of each fact:

- Licence, context and the sizes of the layers are as the repository named in the comment, and the config.json of its
  model, publish them. Each shape accounts for its number of parameters (tests/unit/engine/test_catalogue.py).
- Bytes are those of the revision in the comment, as public programs state them that pin it with its SHA-256. A source
  names no revision, so `pull` gets the newest file, which may differ.
- `thinking`: what the model's chat template does when it is told nothing, as the makers publish it. Granite 3.3 has a
  part for thinking that takes `thinking = true`, which gistream never sets (`engine/lanes/llama.py`).

Of the models with at most 8 billion parameters these are not here: Qwen2.5 3B, for research only; Llama and Gemma, with
licences of their own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from streaming.engine.model.memory import Shape


@dataclass(frozen=True)
class ListedModel:
    """A model on a hub; `source` is what `--model` takes, of a split model its first part.

    `parameters` are those of the model. A file that stores the embedding a second time, as output, has more. `bytes`
    are those of all parts, `context` the longest sequence in tokens. `thinking` is "by default" when the model thinks
    unless it is told not to, and "on request" when only a request that gistream does not make lets it think.
    """

    source: str
    parameters: int
    representation: str
    bytes: int
    licence: Literal["Apache-2.0", "MIT"]
    context: int
    thinking: Literal["never", "on request", "by default"]
    shape: Shape

    @property
    def name(self) -> str:
        """The name of the file without its ending, as of a `ModelFile`."""
        return self.source.rpartition("/")[2].removesuffix(".gguf")

    @property
    def thinks(self) -> bool:
        """Whether the chat template has a part for thinking, as of a `ModelFile`: the context keeps room for it."""
        return self.thinking != "never"


def _shape(
    vocabulary: int, layers: int, embedding: int, feed_forward: int, *, heads: int, kv_heads: int, head: int
) -> Shape:
    return Shape(
        "full",
        vocabulary=vocabulary,
        layers=layers,
        embedding=embedding,
        feed_forward=feed_forward,
        heads=heads,
        kv_heads=kv_heads,
        key_length=head,
        value_length=head,
    )


CATALOGUE = (
    # HuggingFaceTB/SmolLM2-360M-Instruct-GGUF, revision 593b5a2e04c8
    ListedModel(
        "hf://HuggingFaceTB/SmolLM2-360M-Instruct-GGUF/smollm2-360m-instruct-q8_0.gguf",
        parameters=361_821_120,
        representation="Q8_0",
        bytes=386_404_992,
        licence="Apache-2.0",
        context=8192,
        thinking="never",
        shape=_shape(49_152, 32, 960, 2560, heads=15, kv_heads=5, head=64),
    ),
    # Qwen/Qwen2.5-0.5B-Instruct-GGUF, revision 9217f5db79a2
    ListedModel(
        "hf://Qwen/Qwen2.5-0.5B-Instruct-GGUF/qwen2.5-0.5b-instruct-q8_0.gguf",
        parameters=494_032_768,
        representation="Q8_0",
        bytes=675_710_816,
        licence="Apache-2.0",
        context=32_768,
        thinking="never",
        shape=_shape(151_936, 24, 896, 4864, heads=14, kv_heads=2, head=64),
    ),
    # HuggingFaceTB/SmolLM2-1.7B-Instruct-GGUF, revision 2d4a76a30b4a
    ListedModel(
        "hf://HuggingFaceTB/SmolLM2-1.7B-Instruct-GGUF/smollm2-1.7b-instruct-q4_k_m.gguf",
        parameters=1_711_376_384,
        representation="Q4_K_M",
        bytes=1_055_609_536,
        licence="Apache-2.0",
        context=8192,
        thinking="never",
        shape=_shape(49_152, 24, 2048, 8192, heads=32, kv_heads=32, head=64),
    ),
    # Qwen/Qwen2.5-1.5B-Instruct-GGUF, revision 91cad51170dc
    ListedModel(
        "hf://Qwen/Qwen2.5-1.5B-Instruct-GGUF/qwen2.5-1.5b-instruct-q4_k_m.gguf",
        parameters=1_543_714_304,
        representation="Q4_K_M",
        bytes=1_117_320_736,
        licence="Apache-2.0",
        context=32_768,
        thinking="never",
        shape=_shape(151_936, 28, 1536, 8960, heads=12, kv_heads=2, head=128),
    ),
    # ibm-granite/granite-3.3-2b-instruct-GGUF, revision 7cdf86ccd1f1
    ListedModel(
        "hf://ibm-granite/granite-3.3-2b-instruct-GGUF/granite-3.3-2b-instruct-Q4_K_M.gguf",
        parameters=2_533_539_840,
        representation="Q4_K_M",
        bytes=1_545_303_328,
        licence="Apache-2.0",
        context=131_072,
        thinking="on request",
        shape=_shape(49_159, 40, 2048, 8192, heads=32, kv_heads=8, head=64),
    ),
    # microsoft/Phi-3-mini-4k-instruct-gguf, revision a64113399c2f
    ListedModel(
        "hf://microsoft/Phi-3-mini-4k-instruct-gguf/Phi-3-mini-4k-instruct-q4.gguf",
        parameters=3_821_079_552,
        representation="Q4_K_M",
        bytes=2_393_231_072,
        licence="MIT",
        context=4096,
        thinking="never",
        shape=_shape(32_064, 32, 3072, 8192, heads=32, kv_heads=32, head=96),
    ),
    # Qwen/Qwen3-4B-GGUF, revision bc640142c66e
    ListedModel(
        "hf://Qwen/Qwen3-4B-GGUF/Qwen3-4B-Q4_K_M.gguf",
        parameters=4_022_468_096,
        representation="Q4_K_M",
        bytes=2_497_280_256,
        licence="Apache-2.0",
        context=40_960,
        thinking="by default",
        shape=_shape(151_936, 36, 2560, 9728, heads=32, kv_heads=8, head=128),
    ),
    # Qwen/Qwen2.5-7B-Instruct-GGUF, revision bb5d59e06d95: parts of 3,993,201,344 and 689,872,288 bytes
    ListedModel(
        "hf://Qwen/Qwen2.5-7B-Instruct-GGUF/qwen2.5-7b-instruct-q4_k_m-00001-of-00002.gguf",
        parameters=7_615_616_512,
        representation="Q4_K_M",
        bytes=4_683_073_632,
        licence="Apache-2.0",
        context=32_768,
        thinking="never",
        shape=_shape(152_064, 28, 3584, 18_944, heads=28, kv_heads=4, head=128),
    ),
    # Qwen/Qwen3-8B-GGUF, revision 7c41481f57cb
    ListedModel(
        "hf://Qwen/Qwen3-8B-GGUF/Qwen3-8B-Q4_K_M.gguf",
        parameters=8_190_735_360,
        representation="Q4_K_M",
        bytes=5_027_783_488,
        licence="Apache-2.0",
        context=40_960,
        thinking="by default",
        shape=_shape(151_936, 36, 4096, 12_288, heads=32, kv_heads=8, head=128),
    ),
)
