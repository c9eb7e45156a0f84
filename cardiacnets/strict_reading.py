"""Nested dictionaries as dataclasses of pydantic's, strictly; what does not fit is named in one line."""

from __future__ import annotations

import dataclasses
import json
from typing import Any, get_type_hints

from pydantic import TypeAdapter, ValidationError


def read_strictly(kind: type, content: Any, where: str) -> Any:
    """A dataclass ``kind`` from nested dictionaries, or ``ValueError`` naming the first key at fault."""
    try:
        # by way of JSON, whose lists may become tuples even where types are strict
        return TypeAdapter(kind).validate_json(json.dumps(content))
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
    except TypeError as error:  # YAML knows dates, which no setting is
        raise ValueError(f"{where}: {error}") from None
    *section, key = map(str, fault["loc"] or [""])
    place = ": ".join([where, *section, *([key] if key else [])])
    above = ": ".join([where, *section])
    match fault["type"]:
        case "missing" if key.isdigit():
            raise ValueError(f"{above}: expected more values, found {fault['input']!r}")
        case "missing":
            raise ValueError(f"{above}: missing key {key}")
        case "unexpected_keyword_argument":
            raise ValueError(f"{above}: unknown key {key}; allowed: {', '.join(_keys(kind, section))}")
        case "dataclass_type":
            raise ValueError(f"{place}: expected a mapping, found {type(fault['input']).__name__}")
        case "literal_error":
            allowed = fault["ctx"]["expected"].replace("'", "").replace(" or ", ", ")
            raise ValueError(f"{place}: {fault['input']!r} is not one of {allowed}")
        case "tuple_type":
            raise ValueError(f"{place}: expected a list, found {fault['input']!r}")
        case fault_type if fault_type.endswith(("_type", "_parsing")):
            expected = fault_type.rsplit("_", 1)[0]
            expected = {"string": "text", "bool": "true or false"}.get(expected, expected)
            raise ValueError(f"{place}: expected {expected}, found {fault['input']!r}")
    raise ValueError(f"{place}: {fault['msg'].lower()}, found {fault['input']!r}")


def _keys(kind: type, section: list[str]) -> list[str]:
    """The keys of the dataclass at ``section`` of ``kind``."""
    for name in section:
        kind = get_type_hints(kind)[name]
    return [each.name for each in dataclasses.fields(kind)]
