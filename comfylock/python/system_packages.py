"""Which Debian packages do Python packages and programs need that wheels do not bring?

Facts from the projects' own installation pages; only what is missing in Debian's slim images.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

COMPILER = ("g++", "gcc", "libc6-dev", "make")
"""What a build of native code asks for on any machine."""

PROGRAMS = {
    "7z": "p7zip-full",
    "aria2c": "aria2",
    "convert": "imagemagick",
    "curl": "curl",
    "espeak": "espeak",
    "espeak-ng": "espeak-ng",
    "exiftool": "libimage-exiftool-perl",
    "ffmpeg": "ffmpeg",
    "ffplay": "ffmpeg",
    "ffprobe": "ffmpeg",
    "fluidsynth": "fluidsynth",
    "g++": "g++",
    "gcc": "gcc",
    "git": "git",
    "git-lfs": "git-lfs",
    "gs": "ghostscript",
    "identify": "imagemagick",
    "inkscape": "inkscape",
    "lspci": "pciutils",
    "magick": "imagemagick",
    "make": "make",
    "mediainfo": "mediainfo",
    "mkvmerge": "mkvtoolnix",
    "ninja": "ninja-build",
    "pdftoppm": "poppler-utils",
    "potrace": "potrace",
    "rubberband": "rubberband-cli",
    "sox": "sox",
    "tesseract": "tesseract-ocr",
    "unzip": "unzip",
    "wget": "wget",
    "xdg-open": "xdg-utils",
}
"""Program to the Debian package that has it."""

_GL = ("libgl1", "libglib2.0-0")
_PACKAGES: dict[str, tuple[str, ...]] = {
    "cairocffi": ("libcairo2",),
    "cairosvg": ("libcairo2",),
    "dlib": ("cmake", *COMPILER),
    "ffmpeg-python": ("ffmpeg",),
    "glfw": ("libegl1", "libgl1"),
    "glumpy": ("libgl1",),
    "imgui-bundle": ("libgl1",),
    "insightface": COMPILER,
    "mediapipe": ("libegl1", "libgles2", *_GL),
    "moderngl": ("libegl1", "libgl1"),
    "open3d": ("libgl1", "libgomp1", "libx11-6"),
    "opencv-contrib-python": _GL,
    "opencv-python": _GL,
    "pdf2image": ("poppler-utils",),
    "phonemizer": ("espeak-ng",),
    "pyaudio": ("portaudio19-dev", *COMPILER),
    "pycairo": ("libcairo2-dev", "pkg-config", *COMPILER),
    "pydub": ("ffmpeg",),
    "pyfluidsynth": ("fluidsynth",),
    "pymeshlab": ("libgl1", "libopengl0"),
    "pyopengl": ("libegl1", "libgl1"),
    "pyrender": ("libegl1", "libgl1"),
    "pytesseract": ("tesseract-ocr",),
    "python-magic": ("libmagic1",),
    "sounddevice": ("libportaudio2",),
    "sox": ("sox",),
    "torchcodec": ("ffmpeg",),
    "wand": ("libmagickwand-dev",),
    "weasyprint": ("libpango-1.0-0", "libpangoft2-1.0-0"),
}


def for_packages(names: Iterable[str]) -> tuple[str, ...]:
    """Return the Debian packages that Python packages (normalised names) need, sorted."""
    return tuple(sorted({each for name in names for each in _PACKAGES.get(name, ())}))


def for_programs(names: Iterable[str]) -> tuple[str, ...]:
    """Return the Debian packages that hold some programs, sorted; unknown ones have none."""
    return tuple(sorted({PROGRAMS[name] for name in names if name in PROGRAMS}))
