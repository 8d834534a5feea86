"""What each opcode of a pickle does to the machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from comfylock.model_files.facts import Trait
from comfylock.model_files.machine import Holder, Machine, Made, Stopped
from comfylock.model_files.opcodes import LONG, Operation

if TYPE_CHECKING:
    from collections.abc import Callable


def _push(what: Any) -> Callable[[Machine, Operation], None]:
    return lambda machine, _: machine.push(what)


def _push_value(machine: Machine, operation: Operation) -> None:
    machine.push(operation.value)


def _push_holder(machine: Machine, _: Operation) -> None:
    machine.push(Holder([]))


def _nothing(_: Machine, __: Operation) -> None:
    return


def _global(machine: Machine, operation: Operation) -> None:
    assert isinstance(operation.value, tuple)
    machine.push(machine.name(operation, *operation.value))


def _stack_global(machine: Machine, operation: Operation) -> None:
    name, module = machine.pop(), machine.pop()
    machine.push(machine.name(operation, module, name))


def _reduce(machine: Machine, operation: Operation) -> None:
    arguments, what = machine.pop(), machine.pop()
    machine.push(machine.call(operation, what, arguments))


def _new_with_keywords(machine: Machine, operation: Operation) -> None:
    keywords, arguments, what = machine.pop(), machine.pop(), machine.pop()
    machine.push(machine.call(operation, what, Holder([arguments, keywords])))


def _inst(machine: Machine, operation: Operation) -> None:
    assert isinstance(operation.value, tuple)
    arguments = Holder(machine.since_mark())
    what = machine.name(operation, *operation.value)
    machine.push(machine.call(operation, what, arguments))


def _obj(machine: Machine, operation: Operation) -> None:
    items = machine.since_mark()
    if not items:
        raise Stopped("it makes an object of nothing")
    machine.push(machine.call(operation, items[0], Holder(items[1:])))


def _extension(machine: Machine, operation: Operation) -> None:
    number = operation.value if isinstance(operation.value, int) else 0
    detail = f"imports number {number} of the process's registry, whatever that is"
    machine.note(Trait("dangerous", "extension", detail, f"byte {operation.at}"))
    machine.push(LONG)


def _tuple_of(count: int) -> Callable[[Machine, Operation], None]:
    def handle(machine: Machine, _: Operation) -> None:
        items = [machine.pop() for _ in range(count)]
        machine.push(Holder(items[::-1]))

    return handle


def _since_mark(machine: Machine, _: Operation) -> None:
    machine.push(Holder(machine.since_mark()))


def _dict(machine: Machine, _: Operation) -> None:
    made = Holder([])
    made.put(machine.since_mark())
    machine.push(made)


def _append(machine: Machine, operation: Operation) -> None:
    item = machine.pop()
    _extend(machine, operation, [item])


def _appends(machine: Machine, operation: Operation) -> None:
    items = machine.since_mark()
    _extend(machine, operation, items)


def _extend(machine: Machine, operation: Operation, items: list[Any]) -> None:
    target = machine.top()
    if type(target) is Holder:
        target.extend(items)
    else:
        machine.change(operation, target)


def _setitem(machine: Machine, operation: Operation) -> None:
    value, key = machine.pop(), machine.pop()
    _put(machine, operation, [key, value])


def _setitems(machine: Machine, operation: Operation) -> None:
    pairs = machine.since_mark()
    _put(machine, operation, pairs)


def _put(machine: Machine, operation: Operation, pairs: list[Any]) -> None:
    target = machine.top()
    if type(target) is Holder:
        target.put(pairs)
        return
    machine.change(operation, target)
    if isinstance(target, Made) and isinstance(target.state, Holder):
        target.state.put(pairs)


def _persid(machine: Machine, operation: Operation) -> None:
    machine.persistent(operation, operation.value)


def _binpersid(machine: Machine, operation: Operation) -> None:
    machine.persistent(operation, machine.pop())


def _buffer(machine: Machine, operation: Operation) -> None:
    detail = "takes bytes that are not in the file"
    machine.note(Trait("suspicious", "buffer", detail, f"byte {operation.at}"))
    machine.push(LONG)


def _discard(machine: Machine, _: Operation) -> None:
    machine.since_mark()


EFFECTS: dict[str, Callable[[Machine, Operation], None]] = {
    **dict.fromkeys(("NONE", "NEWTRUE", "NEWFALSE"), _push(None)),
    **dict.fromkeys(("FLOAT", "BINFLOAT"), _push(LONG)),
    **dict.fromkeys(("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4"), _push_value),
    **dict.fromkeys(("PROTO", "FRAME", "READONLY_BUFFER"), _nothing),
    **dict.fromkeys(("EMPTY_LIST", "EMPTY_DICT", "EMPTY_SET", "EMPTY_TUPLE"), _push_holder),
    **dict.fromkeys(("LIST", "TUPLE", "FROZENSET"), _since_mark),
    **dict.fromkeys(("APPENDS", "ADDITEMS"), _appends),
    **dict.fromkeys(("REDUCE", "NEWOBJ"), _reduce),
    **dict.fromkeys(("EXT1", "EXT2", "EXT4"), _extension),
    "APPEND": _append,
    "BINPERSID": _binpersid,
    "DICT": _dict,
    "DUP": lambda machine, _: machine.push(machine.top()),
    "GLOBAL": _global,
    "INST": _inst,
    "MARK": lambda machine, _: machine.mark(),
    "MEMOIZE": lambda machine, _: machine.remember(len(machine.memo)),
    "NEWOBJ_EX": _new_with_keywords,
    "NEXT_BUFFER": _buffer,
    "OBJ": _obj,
    "PERSID": _persid,
    "POP": lambda machine, _: machine.drop(),
    "POP_MARK": _discard,
    "SETITEM": _setitem,
    "SETITEMS": _setitems,
    "STACK_GLOBAL": _stack_global,
    "TUPLE1": _tuple_of(1),
    "TUPLE2": _tuple_of(2),
    "TUPLE3": _tuple_of(3),
    **dict.fromkeys(
        ("GET", "BINGET", "LONG_BINGET"), lambda machine, operation: machine.recall(operation.value)
    ),
    **dict.fromkeys(
        ("PUT", "BINPUT", "LONG_BINPUT"),
        lambda machine, operation: machine.remember(operation.value),
    ),
}
"""What each opcode does to the machine; the walker itself knows STOP, BUILD and values."""
