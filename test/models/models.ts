/** The published models of models/, and what is known about them. */
import { input, model, N, type Tensor } from "weftgpu";
import type { Graph } from "../../compiler/ir/graph.ts";
import alexnetModel, { features as alexnet } from "../../models/alexnet.ts";
import densenet121Model, { densenet } from "../../models/densenet121.ts";
import googlenetModel, { inception } from "../../models/googlenet.ts";
import mobilenetv2Model, { mobilenetv2 } from "../../models/mobilenetv2.ts";
import ninModel, { nin } from "../../models/nin.ts";
import resnet18Model, { resnet18 } from "../../models/resnet18.ts";
import resnet50Model, { resnet50 } from "../../models/resnet50.ts";
import vgg11Model, { features as vgg11 } from "../../models/vgg11.ts";
import vitModel, { vit } from "../../models/vit.ts";

export interface Subject {
  readonly name: string;
  readonly graph: Graph;
  /** Trainable parameters, as torchvision's documentation gives them where it has the model. */
  readonly parameters: number;
  /** Multiply-adds of a picture of 224×224 in millions: torchvision's GFLOPS, with more digits. */
  readonly megaMacs: number;
  /**
   * The same layers on so small a picture that a software adapter computes it in about a second. AlexNet and VGG are
   * without their dense layers, GoogLeNet is two blocks, and DenseNet has fewer layers: building their pipelines takes
   * that adapter too long for a test.
   */
  small(): Graph;
}

function on(size: number, layers: (picture: Tensor<[N, 3, number, number]>) => Tensor): () => Graph {
  return () => {
    const picture = input("picture", [N, 3, size, size]);
    return model("small", { picture }, { result: layers(picture) }).graph;
  };
}

export const subjects: readonly Subject[] = [
  {
    name: "alexnet",
    graph: alexnetModel.graph,
    parameters: 61_100_840,
    megaMacs: 714,
    small: on(63, (x) => alexnet(x)),
  },
  {
    name: "vgg11",
    graph: vgg11Model.graph,
    parameters: 132_863_336,
    megaMacs: 7609,
    small: on(32, (x) => vgg11(x)),
  },
  {
    // By hand: Σ out · (in · kernel² + 1) over its twelve convolutions.
    name: "nin",
    graph: ninModel.graph,
    parameters: 7_439_608,
    megaMacs: 966,
    small: on(75, (x) => nin(x)),
  },
  {
    name: "googlenet",
    graph: googlenetModel.graph,
    parameters: 6_624_904,
    megaMacs: 1498,
    small: on(16, (x) => {
      const first = inception(x, 64, [96, 128], [16, 32], 32);
      return inception(first, 128, [128, 192], [32, 96], 64);
    }),
  },
  {
    name: "resnet18",
    graph: resnet18Model.graph,
    parameters: 11_689_512,
    megaMacs: 1814,
    small: on(32, (x) => resnet18(x)),
  },
  {
    name: "resnet50",
    graph: resnet50Model.graph,
    parameters: 25_557_032,
    megaMacs: 4089,
    small: on(32, (x) => resnet50(x)),
  },
  {
    name: "mobilenetv2",
    graph: mobilenetv2Model.graph,
    parameters: 3_504_872,
    megaMacs: 301,
    small: on(32, (x) => mobilenetv2(x)),
  },
  {
    name: "densenet121",
    graph: densenet121Model.graph,
    parameters: 7_978_856,
    megaMacs: 2834,
    small: on(32, (x) => densenet(x, [3, 2, 2, 2])),
  },
  {
    // DeiT-Ti's 5,717,416 without the class token and its place, 192 values each.
    name: "vit",
    graph: vitModel.graph,
    parameters: 5_717_032,
    megaMacs: 1248,
    small: on(48, (x) => vit(x)),
  },
];
