"""A node pack of our own with an input of every kind, to be judged by a real ComfyUI.

`python -m benchmarks.prompt_verdicts` lets a server with this pack in `custom_nodes` judge prompts
that are made of its classes. The tests read it statically and never import it.
"""

from comfy_api.latest import io

MODES = ["fast", "slow", "careful"]


class AnyType(str):
    """The type of packs that fits every other."""

    __slots__ = ()

    def __ne__(self, other):
        return False


ANY = AnyType("*")


class Source:
    """Everything that can be linked, from settings of every widget type."""

    RETURN_TYPES = ("IMAGE", "INT", "FLOAT", "STRING", "BOOLEAN", MODES, "SHAPE", ANY)
    RETURN_NAMES = ("image", "count", "share", "text", "flag", "mode", "shape", "any")
    FUNCTION = "run"
    CATEGORY = "upgrade"

    @classmethod
    def INPUT_TYPES(cls):
        return {
            "required": {
                "seed": ("INT", {"default": 0, "min": 0, "max": 2**64 - 1}),
                "count": ("INT", {"default": 4, "min": 1, "max": 16, "step": 1}),
                "share": ("FLOAT", {"default": 0.5, "min": 0.0, "max": 1.0, "step": 0.01}),
                "text": ("STRING", {"default": "", "multiline": True}),
                "flag": ("BOOLEAN", {"default": True}),
                "mode": (MODES, {"default": "slow"}),
            },
            "optional": {
                "offset": ("INT", {"default": 0, "min": -8, "max": 8}),
                "style": ("COMBO", {"options": ["plain", "bold"], "default": "plain"}),
            },
            "hidden": {"unique_id": "UNIQUE_ID"},
        }

    def run(self, count, share, text, flag, mode, **rest):
        return (None, count, share, text, flag, mode, None, None)


class Pass:
    """One of each kind of link in the middle of a workflow."""

    RETURN_TYPES = ("IMAGE", "SHAPE")
    FUNCTION = "run"
    CATEGORY = "upgrade"

    @classmethod
    def INPUT_TYPES(cls):
        return {
            "required": {
                "image": ("IMAGE",),
                "either": ("IMAGE,SHAPE",),
                "number": ("INT", {"forceInput": True}),
                "limit": ("INT", {"min": 2}),
            },
            "optional": {"shape": ("SHAPE", {"lazy": True}), "share": ("FLOAT", {"max": 10})},
        }

    def run(self, image, **rest):
        return (image, None)


class Checked:
    """Judges two of its inputs by itself, so that ComfyUI does not."""

    RETURN_TYPES = ("IMAGE",)
    FUNCTION = "run"
    CATEGORY = "upgrade"

    @classmethod
    def INPUT_TYPES(cls):
        return {
            "required": {
                "level": ("INT", {"default": 1, "min": 1, "max": 3}),
                "mode": (MODES,),
                "other": ("INT", {"default": 1, "min": 1, "max": 3}),
            }
        }

    @classmethod
    def VALIDATE_INPUTS(cls, level, mode):
        return True

    def run(self, **rest):
        return (None,)


class Lenient:
    """Takes links of any type for what it looks at itself, and any value at all."""

    RETURN_TYPES = ("IMAGE",)
    FUNCTION = "run"
    CATEGORY = "upgrade"

    @classmethod
    def INPUT_TYPES(cls):
        return {
            "required": {"image": ("IMAGE",), "level": ("INT", {"min": 1, "max": 3})},
            "optional": {"mode": (MODES,)},
        }

    @classmethod
    def VALIDATE_INPUTS(cls, input_types, **kwargs):
        return True

    def run(self, image, **rest):
        return (image,)


class Show:
    """Where a workflow ends."""

    RETURN_TYPES = ()
    FUNCTION = "run"
    OUTPUT_NODE = True
    CATEGORY = "upgrade"

    @classmethod
    def INPUT_TYPES(cls):
        return {
            "required": {"image": ("IMAGE",), "prefix": ("STRING", {"default": "out"})},
            "optional": {"mode": (MODES,), "shape": ("SHAPE",)},
        }

    def run(self, **rest):
        return {}


class Report:
    """An output in the middle: others may go on from it."""

    RETURN_TYPES = ("IMAGE",)
    FUNCTION = "run"
    OUTPUT_NODE = True
    DEPRECATED = True
    CATEGORY = "upgrade"

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"image": ("IMAGE",), "count": ("INT", {"default": 1, "min": 1})}}

    def run(self, image, **rest):
        return (image,)


class Newer(io.ComfyNode):
    """A class of the newer kind."""

    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="UpgradeNewer",
            display_name="Newer",
            category="upgrade",
            inputs=[
                io.Image.Input("image"),
                io.Int.Input("count", default=2, min=1, max=9),
                io.Float.Input("share", default=0.5, min=0.0, max=1.0),
                io.Combo.Input("style", options=["plain", "bold"], default="bold"),
                io.Boolean.Input("flag", default=False, optional=True),
                io.String.Input("text", default="", multiline=True, optional=True),
                io.MultiType.Input("either", [io.Int, io.Float], optional=True),
            ],
            outputs=[io.Image.Output(), io.Custom("SHAPE").Output(display_name="shape")],
        )

    @classmethod
    def execute(cls, image, **rest):
        return io.NodeOutput(image, None)


class NewerShow(io.ComfyNode):
    """Where a workflow of the newer kind ends."""

    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="UpgradeNewerShow",
            category="upgrade",
            inputs=[io.Image.Input("image"), io.Int.Input("count", min=0, max=4, default=0)],
            outputs=[],
            is_output_node=True,
        )

    @classmethod
    def execute(cls, **rest):
        return io.NodeOutput()


NODE_CLASS_MAPPINGS = {
    "UpgradeSource": Source,
    "UpgradePass": Pass,
    "UpgradeChecked": Checked,
    "UpgradeLenient": Lenient,
    "UpgradeShow": Show,
    "UpgradeReport": Report,
    "UpgradeNewer": Newer,
    "UpgradeNewerShow": NewerShow,
}
NODE_DISPLAY_NAME_MAPPINGS = {"UpgradeSource": "Source"}
