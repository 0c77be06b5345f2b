"""llama.cpp through its C API: weights, one context of several sequences, samplers.

Thin: each method is one step of llama.cpp with its result checked. `batching` decides what to compute when. Nothing
here is thread-safe except `Weights.render` and the vocabulary, which only read.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import llama_cpp as llama
import numpy as np
from numpy.typing import NDArray

from streaming.engine.lanes.prompt import Prompts
from streaming.engine.lanes.template import ChatTemplate
from streaming.engine.lanes.thinking import Answer, thinking_tags
from streaming.engine.lanes.vocabulary import Vocabulary
from streaming.errors import EngineError
from streaming.protocol import Message, Sampling
from streaming.wording import counted

# The smallest share of a load that is reported.
_PROGRESS_STEP = 0.01


@llama.llama_log_callback  # type: ignore[untyped-decorator]
def _silence(_level: int, _text: bytes, _data: object) -> None:
    """Drop llama.cpp's log, hundreds of lines a load; failures arrive as return values."""


def gpu_refusal(layers: int) -> str | None:
    """Return why this llama.cpp cannot leave `layers` to a GPU; None when it can, or there are none."""
    if not layers or llama.llama_supports_gpu_offload():
        return None
    return (
        f"gpu_layers is {layers}, but this llama.cpp was built without GPU support; install one that has it: "
        'CMAKE_ARGS="-DGGML_CUDA=on" pip install --force-reinstall --no-cache-dir --no-binary llama-cpp-python '
        "llama-cpp-python"
    )


def _progress(on_progress: Callable[[float], None]) -> Any:
    """Return the callback that llama.cpp calls while it loads; it continues as long as it gets True."""
    reported = -1.0

    def progress(share: float, _: object) -> bool:
        nonlocal reported
        # llama.cpp calls this for every tensor.
        if share - reported >= _PROGRESS_STEP or share >= 1:
            reported = share
            on_progress(share)
        return True

    return llama.llama_progress_callback(progress)


class Weights:
    """The weights of one model file, loaded once, its vocabulary and its prompts.

    A GPU computes `gpu_layers` of its layers, the CPU the others. `completion` style joins messages as plain text, with
    or without a chat template in the file. Without `thinking` a reasoning model is kept from thinking.
    """

    def __init__(
        self,
        path: Path,
        *,
        gpu_layers: int = 0,
        completion: bool = False,
        thinking: bool = True,
        vocabulary_only: bool = False,
        on_progress: Callable[[float], None] | None = None,
    ) -> None:
        """Load the file; raises `EngineError`, also for a chat template that accepts no instructions with a text.

        With `vocabulary_only` it renders prompts and computes nothing. `on_progress` is called with the share that is
        loaded, from 0 to 1.
        """
        llama.llama_log_set(_silence, ctypes.c_void_p(0))
        llama.llama_backend_init()
        if reason := gpu_refusal(gpu_layers):
            raise EngineError(reason)
        params = llama.llama_model_default_params()
        # Set always: by default llama.cpp moves all layers to a GPU that it finds.
        params.n_gpu_layers = gpu_layers
        params.vocab_only = vocabulary_only
        if on_progress is not None:
            params.progress_callback = _progress(on_progress)
        self._model = llama.llama_model_load_from_file(str(path).encode(), params)
        if not self._model:
            raise EngineError(f"llama.cpp could not load {path}: not enough memory, or the file was changed.")
        self._vocab = llama.llama_model_get_vocab(self._model)
        self.vocabulary = Vocabulary(self._vocab)
        template = None if completion else self._chat_template(path, thinking=thinking)
        self._tags = thinking_tags(template.own_text) if template else None
        self._prompts = Prompts(self.vocabulary, template, tags=self._tags, thinking=thinking)

    @property
    def trained_context(self) -> int:
        """Longest sequence, in tokens, that the model was trained for."""
        return int(llama.llama_model_n_ctx_train(self._model))

    @property
    def thinks(self) -> bool:
        """Whether a generation may think before it answers, and so needs room for the thinking in the context, too."""
        return self._tags is not None

    def render(self, messages: Sequence[Message]) -> list[int]:
        """Return the tokens of the prompt for `messages`; raises `EngineError` when the template refuses them."""
        return self._prompts.render(messages)

    def answer(
        self, prompt: Sequence[int], *, max_tokens: int, thinking_tokens: int, constrained: bool = False
    ) -> Answer:
        """Begin a generation after a rendered prompt; `constrained` says that it has a grammar. See `Answer`."""
        return Answer(
            self.vocabulary,
            tags=self._tags,
            inside=self._prompts.opens_thinking(prompt),
            max_tokens=max_tokens,
            thinking_tokens=thinking_tokens if self.thinks else 0,
            constrained=constrained,
        )

    def open_context(self, *, slots: int, context: int, threads: int, ubatch: int) -> Context:
        """Open a context of `slots` sequences of `context` tokens each, computed by `threads` threads.

        A prefill computes at most `ubatch` tokens at once. Raises `EngineError` when there is no memory for it.
        """
        return Context(self._model, slots=slots, context=context, threads=threads, ubatch=ubatch)

    def sampler(self, sampling: Sampling, *, grammar: str | None) -> Sampler:
        """Make the chain that chooses the tokens of one generation."""
        return Sampler(self._vocab, sampling, grammar=grammar)

    def close(self) -> None:
        """Free the weights; every context must be closed before."""
        llama.llama_model_free(self._model)

    def _chat_template(self, path: Path, *, thinking: bool) -> ChatTemplate:
        source = llama.llama_model_chat_template(self._model, None)
        if not source:
            raise EngineError(f"The model {path} has no chat template.")
        # Qwen, GLM and SmolLM read the first variable, DeepSeek and Granite the second.
        variables = {} if thinking else {"enable_thinking": False, "thinking": False}
        bos, eos = self.vocabulary.bos_text, self.vocabulary.eos_text
        return ChatTemplate(source.decode(errors="replace"), bos=bos, eos=eos, variables=variables)


class Context:
    """The key-value cache and the buffers for `slots` sequences, numbered from 0."""

    def __init__(self, model: Any, *, slots: int, context: int, threads: int, ubatch: int) -> None:
        # A step computes one token of every slot at once.
        self.ubatch = max(ubatch, slots)
        params = llama.llama_context_default_params()
        params.n_ctx = slots * context
        params.n_seq_max = slots
        params.n_batch = params.n_ubatch = self.ubatch
        params.n_threads = params.n_threads_batch = threads
        # Separate caches and flash attention were faster (measurements.md, Separate calls, separate caches).
        params.kv_unified = False
        params.flash_attn_type = llama.LLAMA_FLASH_ATTN_TYPE_ENABLED
        self._context = llama.llama_init_from_model(model, params)
        if not self._context:
            raise EngineError(
                f"llama.cpp could not open {counted(slots, 'slot')} of {context} tokens: not enough memory; lower "
                "--slots or --context."
            )
        self._memory = llama.llama_get_memory(self._context)
        self._batch = llama.llama_batch_init(self.ubatch, 0, 1)

    @property
    def tokens_per_slot(self) -> int:
        """Tokens that one sequence may hold."""
        return int(llama.llama_n_ctx_seq(self._context))

    def compute_with(self, threads: int) -> None:
        """Compute with so many threads from the next call on."""
        llama.llama_set_n_threads(self._context, threads, threads)

    def truncate(self, slot: int, length: int) -> bool:
        """Drop the tokens of `slot` from position `length` on; False when only all of them can be dropped."""
        return bool(llama.llama_memory_seq_rm(self._memory, slot, length, -1))

    def prefill(self, slot: int, tokens: Sequence[int], position: int, *, last: bool) -> None:
        """Compute up to `ubatch` tokens of one prompt; with `last`, keep the logits of the final token."""
        for place, token in enumerate(tokens):
            self._put(place, token, position + place, slot, logits=last and place == len(tokens) - 1)
        self._decode(len(tokens))

    def decode(self, steps: Sequence[tuple[int, int, int]]) -> None:
        """Compute one token of each of several sequences; a step is (slot, token, position)."""
        for place, (slot, token, position) in enumerate(steps):
            self._put(place, token, position, slot, logits=True)
        self._decode(len(steps))

    def logits(self, tokens: Sequence[int]) -> NDArray[np.float32]:
        """Compute up to `ubatch` tokens of a sequence of their own; return the logits after each: (tokens, vocabulary).

        The array is llama.cpp's own memory and valid until the next call.
        """
        self.truncate(0, 0)
        for place, token in enumerate(tokens):
            self._put(place, token, place, 0, logits=True)
        self._decode(len(tokens))
        size = llama.llama_vocab_n_tokens(llama.llama_model_get_vocab(llama.llama_get_model(self._context)))
        return np.ctypeslib.as_array(llama.llama_get_logits(self._context), shape=(len(tokens), size))

    def copy(self, slot: int, other: int) -> None:
        """Copy the tokens of `slot` to the slot `other`."""
        self.truncate(other, 0)
        llama.llama_memory_seq_cp(self._memory, slot, other, -1, -1)

    def sample(self, sampler: Sampler, place: int) -> int:
        """Choose the next token from the logits at `place` of the last batch, and remember it in the sampler."""
        return int(llama.llama_sampler_sample(sampler.chain, self._context, place))

    def close(self) -> None:
        """Free the context."""
        llama.llama_batch_free(self._batch)
        llama.llama_free(self._context)

    def _put(self, place: int, token: int, position: int, slot: int, *, logits: bool) -> None:
        batch = self._batch
        batch.token[place] = token
        batch.pos[place] = position
        batch.n_seq_id[place] = 1
        batch.seq_id[place][0] = slot
        batch.logits[place] = logits

    def _decode(self, count: int) -> None:
        self._batch.n_tokens = count
        result = llama.llama_decode(self._context, self._batch)
        if result != 0:
            raise EngineError(f"llama.cpp failed to compute {count} tokens (llama_decode returned {result}).")


class Sampler:
    """The chain of samplers of one generation."""

    def __init__(self, vocab: Any, sampling: Sampling, *, grammar: str | None) -> None:
        self.chain = llama.llama_sampler_chain_init(llama.llama_sampler_chain_default_params())
        try:
            if grammar is not None:
                link = llama.llama_sampler_init_grammar(vocab, grammar.encode(), b"root")
                self._add(link, "llama.cpp could not parse the grammar: it is no GBNF text with a rule named root.")
            self._add_choice(vocab, sampling)
        except EngineError:
            self.close()
            raise

    def _add_choice(self, vocab: Any, sampling: Sampling) -> None:
        refused = f"llama.cpp refuses to sample so: {sampling}."
        penalties = sampling.repeat_penalty, sampling.frequency_penalty, sampling.presence_penalty
        if penalties != (1.0, 0.0, 0.0):
            size = llama.llama_vocab_n_tokens(vocab)
            self._add(llama.llama_sampler_init_penalties(size, sampling.repeat_last_n, *penalties), refused)
        if sampling.temperature <= 0:
            self._add(llama.llama_sampler_init_greedy(), refused)
        else:
            self._add(llama.llama_sampler_init_top_p(sampling.top_p, 1), refused)
            self._add(llama.llama_sampler_init_min_p(sampling.min_p, 1), refused)
            self._add(llama.llama_sampler_init_temp(sampling.temperature), refused)
            self._add(llama.llama_sampler_init_dist(sampling.seed), refused)

    def _add(self, link: Any, refused: str) -> None:
        if not link:
            raise EngineError(refused)
        llama.llama_sampler_chain_add(self.chain, link)

    def close(self) -> None:
        """Free the chain."""
        llama.llama_sampler_free(self.chain)
