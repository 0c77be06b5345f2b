"""The messages as columns: each field of the contract is a column of the same name, nested where the JSON is."""

from __future__ import annotations

import types
from datetime import datetime
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import pyarrow as pa
from pydantic import BaseModel

from streaming.messages import DeadLetter, Source, Summary

_PLAIN: dict[Any, pa.DataType] = {
    str: pa.string(),
    int: pa.int64(),
    float: pa.float64(),
    bool: pa.bool_(),
    bytes: pa.binary(),
    datetime: pa.timestamp("us", "UTC"),
}
_HEADER = pa.struct([("name", pa.string()), ("value", pa.binary())])


def columns(model: type[BaseModel]) -> list[pa.Field]:
    """Return the columns of a message; each may be null, so that older files can be read together with newer ones.

    What may be any JSON has no column here: `streaming.archive.answers` makes one for each profile.
    """
    fields = [(field.alias or name, field.annotation) for name, field in model.model_fields.items()]
    return [pa.field(name, _type(annotation)) for name, annotation in fields if annotation is not Any]


def _type(annotation: Any) -> pa.DataType:
    origin, inner = get_origin(annotation), get_args(annotation)
    if annotation in _PLAIN:
        return _PLAIN[annotation]
    if origin is Annotated:
        return _type(inner[0])
    if origin is Literal:
        return _PLAIN[type(inner[0])]
    if origin in (Union, types.UnionType):
        return _type(next(kind for kind in inner if kind is not types.NoneType))
    if origin is list:
        return pa.list_(_type(inner[0]))
    if origin is dict:
        return pa.map_(_type(inner[0]), _type(inner[1]))
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return pa.struct(columns(annotation))
    raise TypeError(f"There is no column type for {annotation}.")


SUMMARY = pa.schema(columns(Summary))
DELETION = pa.schema([("id", pa.string()), ("source", pa.struct(columns(Source)))])
DEAD_LETTER = pa.schema(
    # Headers may repeat a name, so they are a list of pairs, not a map.
    [
        pa.field("headers", pa.list_(_HEADER)) if name == "headers" else pa.field(name, _type(field.annotation))
        for name, field in DeadLetter.model_fields.items()
    ]
)
