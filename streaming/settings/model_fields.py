"""The settings of the model: its file, how it runs, and how it turns texts into summaries."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, Field, ValidationInfo, field_validator

# The settings that decide what a summary says: the recipe, and where its model and prompts are.
RECIPE_SETTINGS = (
    *("model", "representation", "prompt", "prompts_dir", "prompt_style", "strategy", "faithfulness", "least_support"),
    *("chunk_tokens", "max_tokens", "thinking_tokens", "context", "ladder"),
    *("temperature", "top_p", "min_p", "seed", "repeat_penalty"),
)


class ModelSettings(BaseModel):
    """The settings that decide how a document is summarized."""

    model: str = Field(
        "sample",
        description="A path to a GGUF file; hf://owner/repo/file.gguf, which is downloaded once (with HF_TOKEN, "
        "HF_ENDPOINT and HF_HOME); or 'sample': the small model that is installed.",
    )
    representation: Literal["auto", "given", "BF16", "F16", "Q8_0", "Q6_K", "Q4_K_M", "Q4_0"] = Field(
        "auto",
        description="The representation of the weights in memory. auto: the one in the query's checkpoint, from its "
        "first start; else the choice of `gistream tune` for this CPU; else BF16 or F16 where a small Q4_1 file loses "
        "nothing by it and this CPU's instructions favour it; else as given. given: as in the file. A name: that one, "
        "made from the file once. A query keeps its first representation until this names another one.",
    )
    prompt: str = Field("default", description="The prompt profile of documents that name none.")
    prompts_dir: Path | None = Field(
        None,
        description="A folder of your own prompt profiles, each a TOML file; a profile there replaces the one of "
        "gistream with the same name.",
    )
    prompt_style: Literal["chat", "completion"] = Field(
        "chat",
        description="chat: prompts are made by the model's own chat template. completion: instructions and text as "
        "plain text that the model continues, for a base model, which has no template.",
    )
    engine: Literal["process", "in-process"] = Field(
        "process",
        description="The process of the model. process: one beside the executor, which outlives Spark's idle Python "
        "workers and whose crash costs one document. in-process: the Python worker itself, one process less; the model "
        "is loaded again after a minute of quiet, and a crash of llama.cpp fails the task.",
    )
    threads: int | None = Field(
        None,
        ge=1,
        description="Threads that compute, for each executor. Default: as tuned, else all of its cores; more threads "
        "only block each other.",
    )
    lanes: int | None = Field(
        None,
        ge=1,
        le=64,
        description="Contexts of the one loaded model, each with its share of threads and slots, that compute side by "
        "side. Default: as tuned, else one for each thread while each has a slot; one with gpu_layers.",
    )
    gpu_layers: int = Field(
        0,
        ge=0,
        description="Layers of the model that a GPU computes; 999 for all. llama-cpp-python must have been built for "
        "it. 0: none.",
    )
    slots: int | None = Field(
        None,
        ge=1,
        le=256,
        description="Sequences generated at once, for each executor. Default: as tuned, else 4. With the sample model "
        "as given on 2 cores, 4 made 0.31 documents of 500 words a second, 8 made 0.32. Each costs memory for "
        "`context` tokens.",
    )
    ubatch: int | None = Field(
        None,
        ge=32,
        le=8192,
        description="Tokens of a prompt computed at once. Default: as tuned, else 512. More costs memory.",
    )
    context: int | None = Field(
        None,
        ge=512,
        description="Tokens of one sequence: a chunk, its instructions and its summary. More costs memory, not time. "
        "Default: what these need, 2048 at least.",
    )

    engine_memory: int | None = Field(
        None,
        ge=64,
        description="MiB that weights, cache and buffers of an executor's engine may take. A model that needs more is "
        "not loaded; an engine that grows beyond it is started again, and the document that made it grow becomes a "
        "dead letter. Default: the free memory of the machine or its control group when the model is loaded.",
    )
    native_deadline: float = Field(
        300,
        gt=0,
        description="Seconds that one call of llama.cpp may take (up to 512 tokens of a prompt, or one token of each "
        "slot) before the engine counts as hung and is started again. The sample model takes 0.6 s at most on one "
        "core; a 70B model on few cores may take minutes.",
    )

    chunk_tokens: int | None = Field(
        None,
        ge=64,
        description="The longest part of a document read at once, in tokens. Default: by the model's size, 800 up to "
        "1B parameters, 1500 up to 2B, 3000 up to 4B, 6000 above. The sample model fails on prompts of thousands.",
    )
    max_tokens: int | None = Field(
        None,
        ge=16,
        description="The longest answer of the model, in tokens, where a prompt profile does not say how long a "
        "summary is at least. Default: an eighth of a chunk, so 96 (about 70 words) for a small model; 600 or more for "
        "one above 2B parameters, which writes a long summary at once; 48 for one of up to 400M whose sentences are "
        "replaced where they do not stand (faithfulness), because the rest of a summary is the document's.",
    )
    strategy: Literal["auto", "stuff", "map-reduce", "refine", "extractive"] = Field(
        "auto",
        description="How a document is read. stuff: in one prompt, as much as the context holds. map-reduce: in "
        "chunks side by side, whose summaries are joined (a model above 2B summarizes them again). refine: chunk "
        "after chunk, each with the summary so far. extractive: without the model, as the text's own most "
        "important sentences. auto: stuff for a text of one chunk, else map-reduce.",
    )
    max_chunks: int = Field(
        256,
        ge=1,
        description="A document of more chunks than this is refused: 256 chunks are about 150,000 words and "
        "some ten minutes of one executor with the sample model. The strategy extractive has no such limit.",
    )
    # The rest of the default context of 2048 after a chunk of 800 tokens, its instructions and a summary of 96. At
    # ten tokens a second it takes 100 seconds of a document.
    thinking_tokens: int = Field(
        1024,
        ge=0,
        description="The longest thinking of a model that reasons before it answers, in tokens of one chunk; it is no "
        "part of the summary. 0: the model is told not to think. It changes nothing for other models.",
    )
    temperature: float = Field(
        0.0,
        ge=0,
        le=2,
        description="0 always takes the likeliest token, which now and then is another one among other neighbours in "
        "the batch (docs/messages.md, Recipe); more varies the choice.",
    )
    top_p: float = Field(
        1.0, gt=0, le=1, description="With a temperature: choose among the likeliest tokens of this share only."
    )
    min_p: float = Field(
        0.0, ge=0, le=1, description="With a temperature: leave out tokens below this share of the likeliest one's."
    )
    seed: int = Field(0, ge=0, lt=2**32, description="With a temperature: the seed of its random choices.")
    repeat_penalty: float = Field(
        1.1,
        ge=1,
        le=2,
        description="Makes tokens of the last 256 less likely. At 1.0 the sample model loops (0.36 to "
        "0.81 of its 4-grams repeat), at 1.1 it does not (0.00 to 0.04).",
    )
    ladder: bool = Field(
        True,
        description="Whether a bad summary (it repeats itself, is not grounded in its text, ...) is made again with "
        "other sampling, then in smaller parts, then replaced by an extract. Without it, every answer with a whole "
        "sentence is a summary.",
    )
    faithfulness: Literal["auto", "strict", "flag", "off"] = Field(
        "auto",
        description="What becomes of a sentence that does not stand on its document. strict: the document's own "
        "sentences replace it. flag: it is marked. off: it is not looked for, to measure the model itself. auto: "
        "strict for a model of up to 2B parameters, flag for a larger one, whose own words are mostly true.",
    )
    least_support: float = Field(
        0.85,
        gt=0,
        le=1,
        description="The support from which a sentence of the model stands on its document: the share of its words, "
        "weighted by how rare they are, that one sentence of the document has. Of the sample model's sentences at "
        "0.85 or more 14 of 15 were true, at 0.8 20 of 24. Higher takes more sentences from the document.",
    )
    store: str = Field(
        "auto",
        min_length=1,
        description="Where answers of the model and summaries are kept, so that nothing is generated twice. auto: in "
        "the data dir, with a local master. A folder or a URL (s3://bucket/folder): there, for all queries and "
        "machines that name it. off: nowhere. `gistream store gc` makes it smaller.",
    )
    document_deadline: float = Field(
        3600,
        gt=0,
        description="Seconds that one document may take before it becomes a dead letter. Longer than the "
        "longest document that `max_chunks` lets in, with the others of its batch.",
    )

    @field_validator("*", mode="before")
    @classmethod
    def _a_boolean_is_no_number(cls, value: Any, info: ValidationInfo) -> Any:
        # Python, and pydantic with it, takes true for 1.
        if isinstance(value, bool) and cls.model_fields[str(info.field_name)].annotation is not bool:
            raise ValueError(f"it takes no {str(value).lower()}")
        return value

    @field_validator("prompts_dir")
    @classmethod
    def _home(cls, value: Path | None) -> Path | None:
        return None if value is None else value.expanduser()

    @property
    def completion(self) -> bool:
        """Whether the model goes on with a text instead of answering a chat."""
        return self.prompt_style == "completion"
