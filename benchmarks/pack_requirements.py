"""What ComfyUI and popular node packs ask of pip, as far as it is known: a load for the benchmark.

Written down from knowledge of the packs' requirements in 2025, not recorded from them: single lines
may differ from theirs. Good for measuring time and size, not for saying what a pack asks today.
"""

from __future__ import annotations

COMFYUI = """\
comfyui-frontend-package
comfyui-workflow-templates
comfyui-embedded-docs
torch
torchsde
torchvision
torchaudio
numpy>=1.25.0
einops
transformers>=4.37.2
tokenizers>=0.13.3
sentencepiece
safetensors>=0.4.2
aiohttp>=3.11.8
yarl>=1.18.0
pyyaml
Pillow
scipy
tqdm
psutil
alembic
SQLAlchemy
av>=14.2.0

#non essential dependencies:
kornia>=0.7.1
spandrel
soundfile
pydantic~=2.0
pydantic-settings~=2.0
"""

PACKS = {
    "comfyui-impact-pack": """\
segment-anything
scikit-image
piexif
transformers
opencv-python-headless
scipy>=1.11.4
numpy
dill
matplotlib
sam2
""",
    "comfyui-impact-subpack": """\
matplotlib
ultralytics>=8.3.162
numpy
opencv-python-headless
dill
""",
    "comfyui-inspire-pack": """\
matplotlib
webcolors
cachetools
""",
    "comfyui-manager": """\
GitPython
PyGithub
# matrix-client==0.4.0
matrix-nio
transformers
huggingface-hub>0.20
typer
rich
typing-extensions
toml
uv
chardet
""",
    "comfyui-kjnodes": """\
pillow>=10.3.0
scipy
color-matcher
matplotlib
huggingface_hub
mss
opencv-python
""",
    "comfyui-videohelpersuite": """\
opencv-python
imageio-ffmpeg
""",
    "comfyui-frame-interpolation": """\
torch
numpy
einops
opencv-contrib-python
kornia
scipy
Pillow
torchvision
tqdm
""",
    "comfyui_controlnet_aux": """\
torch
importlib_metadata
huggingface_hub
scipy
opencv-python>=4.7.0.72
filelock
numpy
Pillow
einops
torchvision
pyyaml
scikit-image
python-dateutil
mediapipe
svglib
fvcore
yapf
omegaconf
ftfy
addict
yacs
trimesh[easy]
albumentations
scikit-learn
matplotlib
""",
    "comfyui-wanvideowrapper": """\
ftfy
accelerate >= 1.2.1
einops
diffusers >= 0.33.0
peft >= 0.17.0
sentencepiece >= 0.2.0
protobuf
pyloudnorm
gguf >= 0.17.1
opencv-python
scipy
""",
    "comfyui-hunyuanvideowrapper": """\
accelerate >= 1.1.1
diffusers >= 0.31.0
transformers >= 4.39.3
jax >= 0.4.28
timm
""",
    "comfyui-gguf": """\
# main.py: required
gguf>=0.13.0

# optional: needed for GGUF text encoders
sentencepiece
protobuf
""",
    "comfyui-florence2": """\
transformers>=4.39.0,!=4.50.*
matplotlib
timm
pillow>=10.2.0
peft
accelerate>=0.26.0
""",
    "comfyui_layerstyle": """\
numpy
pillow
torch
matplotlib
Scipy
scikit_image
scikit_learn
opencv-contrib-python
pymatting
timm
addict
yapf
colour-science
transformers
blend_modes
huggingface_hub
loguru
""",
    "comfyui-easy-use": """\
diffusers
accelerate
clip_interrogator>=0.6.0
sentencepiece
lark
onnxruntime
spandrel
opencv-python-headless
matplotlib
peft
""",
    "comfyui_essentials": """\
numba
colour-science
rembg
pixeloe
transparent-background
""",
    "was-node-suite-comfyui": """\
cmake
fairscale>=0.4.4
git+https://github.com/WASasquatch/img2texture.git
git+https://github.com/WASasquatch/cstr
gitpython
imageio
joblib
matplotlib
numba
numpy
opencv-python-headless[ffmpeg]
pilgram
git+https://github.com/WASasquatch/ffmpy.git
rembg
scikit-image>=0.20.0
scikit-learn
scipy
timm>=0.4.12
tqdm
transformers
""",
    "comfyui-crystools": """\
deepdiff
torch
numpy
Pillow>=9.5.0
nvidia-ml-py
py-cpuinfo
piexif
""",
    "comfyui-supir": """\
transformers>=4.28.1
open-clip-torch>=2.24.0
Pillow>=9.4.0
pytorch-lightning>=2.2.1
omegaconf
accelerate
""",
    "comfyui-cogvideoxwrapper": """\
huggingface_hub
diffusers>=0.31.0
accelerate>=0.33.0
einops
peft
opencv-python
""",
    "comfyui-liveportraitkj": """\
mediapipe>=0.10.11
numpy
pyyaml
opencv-python
opencv-contrib-python
scipy
imageio
lmdb
timm
rich
albumentations
ultralytics
tyro==0.8.5
""",
    "comfyui-reactor": """\
numpy==1.26.3
opencv-python==4.7.0.72
onnx==1.16.1
albumentations>=1.4.16
insightface==0.7.3
segment_anything
ultralytics
""",
    "comfyui_instantid": """\
insightface
onnxruntime
onnxruntime-gpu
""",
    "comfyui_pulid_flux": """\
facexlib
insightface
onnxruntime
onnxruntime-gpu
ftfy
timm
""",
    "comfyui-rmbg": """\
torch>=2.0.0
torchvision>=0.15.0
Pillow>=9.0.0
numpy>=1.22.0
huggingface-hub>=0.19.0
tqdm>=4.65.0
transformers>=4.35.0
transparent-background>=1.1.2
segment-anything>=1.0
groundingdino-py>=0.4.0
opencv-python>=4.7.0
onnxruntime>=1.15.0
onnxruntime-gpu>=1.15.0
protobuf>=3.20.2,<6.0.0
hydra-core>=1.3.0
omegaconf>=2.3.0
iopath>=0.1.9
""",
    "comfy_mtb": """\
qrcode[pil]
onnxruntime-gpu
requirements-parser
rembg
imageio_ffmpeg
rich
rich_argparse
matplotlib
pillow
cachetools
transformers
""",
    "comfyui-ltxvideo": """\
diffusers
einops
huggingface_hub>=0.25.2
ninja
transformers[timm]>=4.50.0
kornia
""",
    "comfyui-mmaudio": """\
open-clip-torch>=2.29.0
librosa
ftfy
torchdiffeq
omegaconf
einops
""",
    "comfyui-joycaption": """\
huggingface_hub
numpy
transformers>=4.45.0
torch
accelerate
bitsandbytes
pillow
""",
    "comfyui-art-venture": """\
timm==0.6.13
transformers
fairscale
pycocoevalcap
opencv-python
qrcode[pil]
pytorch_lightning
kornia
pydantic
segment_anything
boto3>=1.34.101
""",
    "seedvr2_videoupscaler": """\
safetensors
tqdm
omegaconf>=2.3.0
diffusers>=0.33.1
peft>=0.17.0
rotary_embedding_torch>=0.5.3
opencv-python
gguf
matplotlib
""",
    "comfyui-vibevoice": """\
torch>=2.0.0
torchaudio>=2.0.0
transformers>=4.51.3
accelerate>=1.6.0
diffusers
librosa
numpy
tqdm
scipy
ml-collections
absl-py
soundfile
einops
bitsandbytes>=0.43.0
""",
    "comfyui_qwen2_5-vl": """\
torch
torchvision
numpy
pillow
huggingface_hub
transformers
bitsandbytes
accelerate
opencv-python
qwen-vl-utils
""",
    "comfyui-ic-light-native": """\
pillow>=9.4.0
numpy
""",
    "comfyui-various": """\
einops
librosa
natsort
numba
numpy
pillow
soundfile
""",
    "comfyui-art-gallery": """\
requests==2.31.*
aiohttp
pillow
""",
    "comfyui-photomaker-plus": """\
diffusers>=0.25.0
insightface>=0.7.3
onnxruntime
""",
}
"""Pack to its requirements.txt."""
