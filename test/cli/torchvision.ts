/** Names of layers by torchvision's rules, in the order in which its modules define them. */

const range = (n: number): readonly number[] => Array.from({ length: n }, (_, i) => i);

/** A stage's first block has a shortcut of its own where sizes or channels change. */
const resnet = (blocks: readonly number[], convs: number): readonly string[] => [
  "conv1",
  "bn1",
  ...blocks.flatMap((times, s) =>
    range(times).flatMap((b) => [
      ...range(convs).flatMap((c) => [`layer${s + 1}.${b}.conv${c + 1}`, `layer${s + 1}.${b}.bn${c + 1}`]),
      ...(b === 0 && (s > 0 || convs === 3)
        ? [`layer${s + 1}.0.downsample.0`, `layer${s + 1}.0.downsample.1`]
        : []),
    ]),
  ),
  "fc",
];

/** By the names of our model files. */
export const TORCHVISION: Readonly<Record<string, readonly string[]>> = {
  resnet18: resnet([2, 2, 2, 2], 2),
  resnet50: resnet([3, 4, 6, 3], 3),
  alexnet: [0, 3, 6, 8, 10].map((i) => `features.${i}`).concat([1, 4, 6].map((i) => `classifier.${i}`)),
  vgg11: [0, 3, 6, 8, 11, 13, 16, 18]
    .map((i) => `features.${i}`)
    .concat([0, 3, 6].map((i) => `classifier.${i}`)),
  mobilenetv2: [
    "features.0.0",
    "features.0.1",
    ...["conv.0.0", "conv.0.1", "conv.1", "conv.2"].map((name) => `features.1.${name}`),
    ...range(16).flatMap((i) =>
      ["conv.0.0", "conv.0.1", "conv.1.0", "conv.1.1", "conv.2", "conv.3"].map(
        (name) => `features.${i + 2}.${name}`,
      ),
    ),
    "features.18.0",
    "features.18.1",
    "classifier.1",
  ],
  densenet121: [
    "features.conv0",
    "features.norm0",
    ...[6, 12, 24, 16].flatMap((times, b) => [
      ...range(times).flatMap((l) =>
        ["norm1", "conv1", "norm2", "conv2"].map(
          (name) => `features.denseblock${b + 1}.denselayer${l + 1}.${name}`,
        ),
      ),
      ...(b < 3 ? [`features.transition${b + 1}.norm`, `features.transition${b + 1}.conv`] : []),
    ]),
    "features.norm5",
    "classifier",
  ],
};
