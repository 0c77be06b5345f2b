"""The list of models holds what it promises: licences, sources that gistream takes, and facts that fit each other."""

from __future__ import annotations

import re

import pytest

from streaming.engine.model import hub
from streaming.engine.model.catalogue import CATALOGUE, ListedModel
from streaming.engine.model.representation import FILE_TYPES
from streaming.engine.model.split import part_names

each_model = pytest.mark.parametrize("model", CATALOGUE, ids=lambda model: model.name)


@each_model
def test_gistreams_own_parser_takes_the_source(model: ListedModel) -> None:
    reference = hub.parse(model.source)
    assert str(reference) == model.source
    # Of a split model the source names the first part.
    assert part_names(reference.path)[0] == reference.path
    assert reference.path == f"{model.name}.gguf"


@each_model
def test_the_licence_lets_anybody_use_the_model(model: ListedModel) -> None:
    assert model.licence in ("Apache-2.0", "MIT")
    # For research only.
    assert not re.search(r"qwen2\.5-(3b|72b)", model.source.lower())


def test_the_models_have_350_million_to_8_billion_parameters_and_the_smallest_file_comes_first() -> None:
    assert all(350e6 < model.parameters < 8.2e9 for model in CATALOGUE)
    assert [model.bytes for model in CATALOGUE] == sorted(model.bytes for model in CATALOGUE)
    assert len({model.source for model in CATALOGUE}) == len(CATALOGUE) >= 6


def weights(model: ListedModel, *, embeddings: int) -> int:
    """Return the weights of a model with these layers; its norms and biases are left out."""
    shape = model.shape
    assert shape.layers
    assert shape.embedding
    assert shape.feed_forward
    assert shape.heads
    assert shape.kv_heads
    assert shape.key_length
    attention = 2 * shape.embedding * (shape.heads + shape.kv_heads) * shape.key_length
    layer = attention + 3 * shape.embedding * shape.feed_forward
    return embeddings * shape.vocabulary * shape.embedding + shape.layers * layer


@each_model
def test_the_shape_accounts_for_the_parameters(model: ListedModel) -> None:
    # A model has one matrix for its input and its output, or two.
    shares = [weights(model, embeddings=number) / model.parameters for number in (1, 2)]
    assert any(0.999 < share <= 1 for share in shares)


@each_model
def test_the_size_of_the_file_is_that_of_its_representation(model: ListedModel) -> None:
    bits = FILE_TYPES[model.representation].bits
    stored = [8 * model.bytes / weights(model, embeddings=number) for number in (1, 2)]
    assert any(0.98 * bits < each < 1.04 * bits for each in stored)
