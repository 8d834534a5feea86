// Builds the API workflow of a portrait: base picture, face detail pass, upscale.

interface WorkflowNode {
  class_type: string;
  inputs: Record<string, unknown>;
  _meta?: { title: string };
}

type Workflow = Record<string, WorkflowNode>;
type Link = [id: string, slot: number];

interface PortraitOptions {
  prompt: string;
  seed: number;
  checkpoint?: string;
  quality?: "draft" | "final";
}

const MODELS = {
  checkpoint: "juggernautXL_v9.safetensors",
  vae: "sdxl_vae.safetensors",
  lora: "add-detail-xl.safetensors",
  upscaler: "4x-UltraSharp.pth",
} as const;

const FACE_DETECTOR = "bbox/face_yolov8m.pt";
const NEGATIVE = "lowres, blurry, watermark, " + "deformed hands";

export class PortraitBuilder {
  private readonly workflow: Workflow = {};
  private next = 1;

  private addNode(classType: string, inputs: Record<string, unknown>, title?: string): Link {
    const id = String(this.next++);
    this.workflow[id] = { class_type: classType, inputs, _meta: { title: title ?? classType } };
    return [id, 0];
  }

  build({ prompt, seed, checkpoint = MODELS.checkpoint, quality = "final" }: PortraitOptions): Workflow {
    const [loader] = this.addNode("CheckpointLoaderSimple", { ckpt_name: checkpoint }, "Base model");
    const vae = this.addNode("VAELoader", { vae_name: MODELS.vae });
    const [lora] = this.addNode("LoraLoader", {
      model: [loader, 0],
      clip: [loader, 1],
      lora_name: MODELS.lora,
      strength_model: 0.6,
      strength_clip: 0.6,
    });
    const positive = this.addNode("CLIPTextEncode", { clip: [lora, 1], text: prompt }, "Prompt");
    const negative = this.addNode("CLIPTextEncode", { clip: [lora, 1], text: NEGATIVE });
    const latent = this.addNode("EmptyLatentImage", { width: 832, height: 1216, batch_size: 1 });
    const sampling = {
      seed,
      steps: quality === "draft" ? 12 : 30,
      cfg: 5.5,
      sampler_name: "dpmpp_2m",
      scheduler: "karras",
    };
    const samples = this.addNode("KSampler", {
      ...sampling,
      denoise: 1,
      model: [lora, 0],
      positive,
      negative,
      latent_image: latent,
    });
    const image = this.addNode("VAEDecode", { samples, vae });

    const detector = this.addNode("UltralyticsDetectorProvider", { model_name: FACE_DETECTOR });
    const detailed = this.addNode("FaceDetailer", {
      ...sampling,
      image,
      model: [lora, 0],
      clip: [lora, 1],
      vae,
      positive,
      negative,
      bbox_detector: detector,
      guide_size: 512,
      denoise: 0.4,
    });

    const upscaler = this.addNode("UpscaleModelLoader", { model_name: MODELS.upscaler });
    const upscaled = this.addNode("ImageUpscaleWithModel", { upscale_model: upscaler, image: detailed });
    this.workflow.save = {
      class_type: quality === "draft" ? "PreviewImage" : "SaveImage",
      inputs: { images: upscaled, filename_prefix: "portrait" },
    };
    return this.workflow;
  }
}

export async function queuePortrait(server: string, options: PortraitOptions): Promise<string> {
  const prompt = new PortraitBuilder().build(options);
  const response = await fetch(`${server}/prompt`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ prompt }),
  });
  if (!response.ok) throw new Error(`the server refused the workflow: ${await response.text()}`);
  return ((await response.json()) as { prompt_id: string }).prompt_id;
}
