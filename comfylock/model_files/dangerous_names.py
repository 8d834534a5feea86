"""Names that reach a shell, a file, a socket, an importer or another pickle when they are called.

The list only makes the message better: what is called and not trusted is dangerous anyway.
Sources: the advisories of picklescan and fickling, modelscan's settings, the documentation of each
module.
"""

from __future__ import annotations

from comfylock.model_files.tables import words

_MODULES = frozenset(
    words(
        """
    __builtin__ builtins _aix_support _bootsubprocess _ctypes _frozen_importlib _imp _io
    _osx_support _pickle _posixsubprocess _pyio _pyrepl _socket _sitebuiltins _testcapi _thread
    _winapi aiohttp antigravity ast asyncio asyncore atexit bdb bpython bz2 cPickle cProfile cffi
    cgi cgitb cloudpickle cmd code codecs codeop commands compileall concurrent configparser
    copyreg ctypes curses dbm dill dis distutils doctest ensurepip faulthandler fcntl fileinput
    ftplib functools gc getpass git glob gzip http httplib httpx idlelib imaplib imp importlib
    inspect io ipykernel IPython joblib jsonpickle lib2to3 linecache logging lzma mailbox mailcap
    marshal mmap modulefinder msilib msvcrt multiprocessing netrc nntplib nt ntpath nturl2path
    operator _operator optparse os paramiko pathlib pdb pexpect pickle pickletools pip pipes
    pkg_resources pkgutil platform poplib popen2 posix posixpath profile pstats pty py_compile
    pyclbr pydoc pytest quopri readline requests resource rlcompleter runpy sched setuptools shelve
    shlex shutil signal site smtpd smtplib socket socketserver sqlite3 ssl subprocess symtable sys
    sysconfig tabnanny tarfile telnetlib tempfile test this threading timeit tkinter trace
    traceback tracemalloc turtle turtledemo types unittest urllib urllib2 urllib3 uu venv
    webbrowser winreg winsound wsgiref xmlrpc xml zipapp zipfile zipimport
    """
    )
)
"""First parts of modules' names; a trusted or common name of theirs has been told apart before."""

_PLACES = (
    "numpy.ctypeslib",
    "numpy.distutils",
    "numpy.f2py",
    "numpy.lib.npyio",
    "numpy.testing",
    "pandas.core.computation",
    "pandas.io",
    "scipy.weave",
    "tensorflow.python",
    "torch._dynamo",
    "torch._inductor",
    "torch.distributed",
    "torch.fx",
    "torch.hub",
    "torch.jit",
    "torch.package",
    "torch.serialization",
    "torch.storage",
    "torch.testing",
    "torch.utils._config_module",
    "torch.utils.bottleneck",
    "torch.utils.collect_env",
    "torch.utils.cpp_extension",
    "torch.utils.data.datapipes",
    "torch.utils.model_zoo",
    "torch.utils.show_pickle",
)
"""Modules, with all below them, of packages that are no danger as a whole."""

_WORDS = frozenset(
    words(
        """
    __builtins__ __call__ __class__ __code__ __getattribute__ __globals__ __import__ __init__
        __mro__
    __reduce__ __reduce_ex__ __setstate__ __subclasses__ apply call check_output compile eval exec
    execfile execv execve fork getattr globals import_module load load_module loads locals
    nested_import open os popen query read_pickle run run_code runcode runstring setattr spawn
    subprocess sys system urlopen vars write
    """
    )
)
"""Parts of names that are no business of a model, in whatever module."""


def is_dangerous(module: str, name: str) -> bool:
    """Say whether a name is known to run, open or load something; trusted ones are not asked."""
    parts = {*module.split("."), *name.split(".")}
    return (
        module.split(".", 1)[0] in _MODULES
        or any(module == place or module.startswith(f"{place}.") for place in _PLACES)
        or not parts.isdisjoint(_WORDS)
    )
