# comfy.lock sha256: abababababababababababababababababababababababababababababababab
# Written by comfylock emit bake: do not edit it, emit it again. In the folder of comfy.lock:
#
#   docker buildx bake -f deploy/docker-bake.hcl            cu128-full
#   docker buildx bake -f deploy/docker-bake.hcl all        everything
#   docker buildx bake -f deploy/docker-bake.hcl --print    what would be built

variable "IMAGE" {
  default = "comfyui"
}

# Behind each tag: `SUFFIX=-2025.1`.
variable "SUFFIX" {
  default = ""
}

group "default" {
  targets = ["cu128-full"]
}

group "all" {
  targets = [
    "cu128-full",
  ]
}

target "_locked" {
  context    = "."
  dockerfile = "deploy/Dockerfile"
}

target "cu128-full" {
  inherits  = ["_locked"]
  platforms = ["linux/amd64"]
  tags      = ["${IMAGE}:cu128-full${SUFFIX}"]
  args = {
    ACCELERATOR    = "cu128"
    VARIANT        = "full"
    PYTHON_VERSION = "3.12"
  }
}
