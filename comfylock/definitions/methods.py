"""What the methods of texts, lists and dicts give: those that cannot grow without bound."""

from __future__ import annotations

from string import Formatter
from typing import TYPE_CHECKING

from comfylock.definitions.calls import with_unknown_names
from comfylock.definitions.operations import TEXT_LIMIT, formatted, items_of, put, shown_key
from comfylock.definitions.values import UNKNOWN, Incomplete, Opaque, is_scalar

if TYPE_CHECKING:
    from comfylock.definitions.budget import Budget

_TEXT_METHODS = frozenset(
    [
        "capitalize",
        "casefold",
        "endswith",
        "isalnum",
        "isalpha",
        "isdigit",
        "islower",
        "isupper",
        "isidentifier",
        "lower",
        "lstrip",
        "partition",
        "removeprefix",
        "removesuffix",
        "rpartition",
        "rsplit",
        "rstrip",
        "split",
        "splitlines",
        "startswith",
        "strip",
        "swapcase",
        "title",
        "upper",
    ]
)


def call_method(
    receiver: object,
    name: str,
    args: list[object],
    options: dict[str, object],
    budget: Budget,
    place: str = "",
) -> object:
    """Return what `receiver.name(*args, **options)` gives, and do to the receiver what it does.

    `place` is where the call stands.
    """
    if isinstance(receiver, str):
        return _of_text(receiver, name, args, options, budget)
    if isinstance(receiver, dict):
        if name == "update":
            _update(receiver, args, options, budget, place)
            return None
        return _of_dict(receiver, name, args, budget)
    if isinstance(receiver, list):
        return _of_list(receiver, name, args, budget)
    return UNKNOWN


def _of_text(
    text: str, name: str, args: list[object], options: dict[str, object], budget: Budget
) -> object:
    if name == "format":
        return _format(text, args, options)
    if name == "join" and args:
        items = items_of(args[0], budget)
        if items is not None and all(isinstance(item, str) for item in items):
            parts = [str(item) for item in items]
            size = sum(map(len, parts)) + len(text) * len(parts)
            return text.join(parts) if size <= TEXT_LIMIT else UNKNOWN
    elif name == "replace" and len(args) == 2:
        old, new = args
        if isinstance(old, str) and isinstance(new, str) and len(text) * len(new) <= TEXT_LIMIT:
            return text.replace(old, new)
    elif name in _TEXT_METHODS and not options:
        return _plain(text, name, args, budget)
    return Opaque(f"text.{name}", (text, *args), called=True)


def _plain(text: str, name: str, args: list[object], budget: Budget) -> object:
    budget.spend(len(text) // 16)
    known = all(is_scalar(a) or (isinstance(a, tuple) and all(map(is_scalar, a))) for a in args)
    if not known:
        return UNKNOWN
    try:
        return getattr(text, name)(*args)
    except (TypeError, ValueError):
        return UNKNOWN


def _format(template: str, args: list[object], options: dict[str, object]) -> object:
    """Return `template.format(…)` for plain fields: positions and names, no attributes."""
    parts: list[str] = []
    following = 0
    try:
        fields = list(Formatter().parse(template))
    except ValueError:
        return UNKNOWN
    for literal, named, specification, _ in fields:
        parts.append(literal)
        if named is None:
            continue
        field = named or str(following)
        following += not named
        position = int(field) if field.isdecimal() and len(field) < 6 else -1
        value = args[position] if 0 <= position < len(args) else options.get(field, UNKNOWN)
        text = formatted(value, specification or "")
        if not isinstance(text, str):
            return Opaque("text", (template, *args), called=True)
        parts.append(text)
    return "".join(parts)[:TEXT_LIMIT]


def _of_dict(held: dict[object, object], name: str, args: list[object], budget: Budget) -> object:
    budget.spend(1 + len(held) // 4)
    if name in {"items", "keys", "values"}:
        pairs = [(shown_key(key), value) for key, value in held.items()]
        return pairs if name == "items" else [pair[name == "values"] for pair in pairs]
    if name == "copy":
        return dict(held)
    if name == "clear":
        held.clear()
        return None
    if name == "popitem" and held:
        return held.popitem()
    if name in {"get", "pop", "setdefault"} and args and is_scalar(args[0]):
        return _entry(held, name, args)
    return UNKNOWN


def _entry(held: dict[object, object], name: str, args: list[object]) -> object:
    default = args[1] if len(args) > 1 else None
    if name == "setdefault":
        return held.setdefault(args[0], default)
    if args[0] not in held and any(isinstance(key, Incomplete) for key in held):
        return UNKNOWN
    return held.pop(args[0], default) if name == "pop" else held.get(args[0], default)


def _update(
    held: dict[object, object],
    args: list[object],
    options: dict[str, object],
    budget: Budget,
    place: str,
) -> None:
    for source in args[:1]:
        if isinstance(source, dict):
            budget.spend(len(source))
            held.update(source)
            continue
        pairs = items_of(source, budget)
        if pairs is None or not all(isinstance(p, (tuple, list)) and len(p) == 2 for p in pairs):
            held[Incomplete("is updated with something unknown", place)] = source
            continue
        for pair in pairs:
            if isinstance(pair, (tuple, list)):
                put(held, pair[0], pair[1], place)
    held.update(with_unknown_names(options, place))


def _of_list(held: list[object], name: str, args: list[object], budget: Budget) -> object:
    if name in {"append", "add"} and args:
        held.append(args[0])
    elif name == "insert" and len(args) == 2:
        held.insert(args[0] if isinstance(args[0], int) else len(held), args[1])
    elif name in {"extend", "update"} and args:
        items = items_of(args[0], budget)
        held.extend([Opaque("starred", (args[0],))] if items is None else items)
    elif name == "copy":
        budget.spend(len(held))
        return list(held)
    elif name == "union" and args:
        return [*held, *(items_of(args[0], budget) or [])]
    elif name == "reverse":
        held.reverse()
    elif name == "clear":
        held.clear()
    elif name == "sort" and all(isinstance(item, str) for item in held):
        held.sort(key=str)
    elif name in {"remove", "discard"} and args and is_scalar(args[0]):
        known = [position for position, item in enumerate(held) if is_scalar(item)]
        found = next((position for position in known if held[position] == args[0]), None)
        if found is not None:
            del held[found]
    elif name == "pop" and held:
        position = args[0] if args and type(args[0]) is int else -1
        return held.pop(position) if -len(held) <= position < len(held) else UNKNOWN
    return None
