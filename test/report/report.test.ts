import { describe, expect, it } from "vitest";
import { ops } from "../../compiler/ops/index.ts";
import { lectureText, shapeJson, shapeMarkdown, shapeText } from "../../compiler/report/render.ts";
import { shapeTable } from "../../compiler/report/shapes.ts";
import { chain, graphOf, last, source } from "./build.ts";

const image = source("image", ["N", 1, 28, 28]);
const lenet = graphOf(
  "lenet",
  [image],
  last(
    chain(
      image,
      ["conv1", ops.conv2d, { out: 6, kernel: 5, padding: 2 }],
      ["sigmoid1", ops.sigmoid],
      ["pool1", ops.avgPool2d, { kernel: 2 }],
      ["conv2", ops.conv2d, { out: 16, kernel: 5 }],
      ["sigmoid2", ops.sigmoid],
      ["pool2", ops.avgPool2d, { kernel: 2 }],
      ["flatten1", ops.flatten],
      ["fc1", ops.linear, { out: 120 }],
      ["sigmoid3", ops.sigmoid],
      ["fc2", ops.linear, { out: 84 }],
      ["sigmoid4", ops.sigmoid],
      ["fc3", ops.linear, { out: 10 }],
    ),
  ),
);

describe("LeNet", () => {
  it("prints the lecture's twelve lines", () => {
    expect(lectureText(lenet)).toMatchInlineSnapshot(`
      "Conv2d output shape: [1, 6, 28, 28]
      Sigmoid output shape: [1, 6, 28, 28]
      AvgPool2d output shape: [1, 6, 14, 14]
      Conv2d output shape: [1, 16, 10, 10]
      Sigmoid output shape: [1, 16, 10, 10]
      AvgPool2d output shape: [1, 16, 5, 5]
      Flatten output shape: [1, 400]
      Linear output shape: [1, 120]
      Sigmoid output shape: [1, 120]
      Linear output shape: [1, 84]
      Sigmoid output shape: [1, 84]
      Linear output shape: [1, 10]
      "
    `);
  });
  it("draws a table of 80 columns", () => {
    const text = shapeText(shapeTable(lenet));
    expect(Math.max(...text.split("\n").map((l) => [...l].length))).toBeLessThanOrEqual(80);
    expect(text).toMatchInlineSnapshot(`
      "lenet: image [N, 1, 28, 28] → fc3 [N, 10]

      layer     operation                  output           params  kernel
      conv1     conv2d 6 · 5×5, padding 2  [N, 6, 28, 28]      156  –
      sigmoid1  sigmoid                    [N, 6, 28, 28]        –  –
      pool1     avgPool2d 2×2              [N, 6, 14, 14]        –  –
      conv2     conv2d 16 · 5×5            [N, 16, 10, 10]   2,416  –
      sigmoid2  sigmoid                    [N, 16, 10, 10]       –  –
      pool2     avgPool2d 2×2              [N, 16, 5, 5]         –  –
      flatten1  flatten                    [N, 400]              –  –
      fc1       linear 400 → 120           [N, 120]         48,120  –
      sigmoid3  sigmoid                    [N, 120]              –  –
      fc2       linear 120 → 84            [N, 84]          10,164  –
      sigmoid4  sigmoid                    [N, 84]               –  –
      fc3       linear 84 → 10             [N, 10]             850  –

      layer     output size                     MACs   bytes  field
      conv1     ⌊(28 + 2·2 − 5)/1⌋ + 1 = 28  117,600  18,816  5×5 /1 −2
      sigmoid1                                     –  18,816  5×5 /1 −2
      pool1     ⌊(28 − 2)/2⌋ + 1 = 14              –   4,704  6×6 /2 −2
      conv2     ⌊(14 − 5)/1⌋ + 1 = 10        240,000   6,400  14×14 /2 −2
      sigmoid2                                     –   6,400  14×14 /2 −2
      pool2     ⌊(10 − 2)/2⌋ + 1 = 5               –   1,600  16×16 /4 −2
      flatten1  16·5·5 = 400                       –   1,600  ?
      fc1                                     48,000     480  28×28 /– 0
      sigmoid3                                     –     480  28×28 /– 0
      fc2                                     10,080     336  28×28 /– 0
      sigmoid4                                     –     336  28×28 /– 0
      fc3                                        840      40  28×28 /– 0

      61,706 parameters · 416,520 multiply-adds (MACs) per example
      field: size /stride offset of what one element sees of the input
      field ?: what one element sees is no window that moves with its position
      "
    `);
  });
  it("draws one table where the terminal is wide", () => {
    expect(shapeText(shapeTable(lenet, { batch: 256 }), { width: 160 })).toMatchInlineSnapshot(`
      "lenet: image [256, 1, 28, 28] → fc3 [256, 10]

      layer     operation                  output             params  kernel  output size                       MACs      bytes  field
      conv1     conv2d 6 · 5×5, padding 2  [256, 6, 28, 28]      156  –       ⌊(28 + 2·2 − 5)/1⌋ + 1 = 28     30.1 M  4,816,896  5×5 /1 −2
      sigmoid1  sigmoid                    [256, 6, 28, 28]        –  –                                            –  4,816,896  5×5 /1 −2
      pool1     avgPool2d 2×2              [256, 6, 14, 14]        –  –       ⌊(28 − 2)/2⌋ + 1 = 14                –  1,204,224  6×6 /2 −2
      conv2     conv2d 16 · 5×5            [256, 16, 10, 10]   2,416  –       ⌊(14 − 5)/1⌋ + 1 = 10           61.4 M  1,638,400  14×14 /2 −2
      sigmoid2  sigmoid                    [256, 16, 10, 10]       –  –                                            –  1,638,400  14×14 /2 −2
      pool2     avgPool2d 2×2              [256, 16, 5, 5]         –  –       ⌊(10 − 2)/2⌋ + 1 = 5                 –    409,600  16×16 /4 −2
      flatten1  flatten                    [256, 400]              –  –       16·5·5 = 400                         –    409,600  ?
      fc1       linear 400 → 120           [256, 120]         48,120  –                                       12.3 M    122,880  28×28 /– 0
      sigmoid3  sigmoid                    [256, 120]              –  –                                            –    122,880  28×28 /– 0
      fc2       linear 120 → 84            [256, 84]          10,164  –                                    2,580,480     86,016  28×28 /– 0
      sigmoid4  sigmoid                    [256, 84]               –  –                                            –     86,016  28×28 /– 0
      fc3       linear 84 → 10             [256, 10]             850  –                                      215,040     10,240  28×28 /– 0

      61,706 parameters · 106,629,120 multiply-adds (MACs) for 256 examples
      field: size /stride offset of what one element sees of the input
      field ?: what one element sees is no window that moves with its position
      "
    `);
  });
  it("has JSON rows", () => {
    const json = shapeJson(shapeTable(lenet));
    expect(json.layers.length).toBe(12);
    expect(json.layers[2]).toMatchInlineSnapshot(`
      {
        "bytes": 4704,
        "formula": "⌊(28 − 2)/2⌋ + 1 = 14",
        "kernel": null,
        "macs": 0,
        "name": "pool1",
        "op": "avgPool2d",
        "options": "2×2",
        "output": [
          "N",
          6,
          14,
          14,
        ],
        "params": 0,
        "receptiveField": {
          "input": "image",
          "offset": [
            -2,
            -2,
          ],
          "size": [
            6,
            6,
          ],
          "stride": [
            2,
            2,
          ],
        },
        "source": null,
      }
    `);
    expect(json.totals).toMatchInlineSnapshot(`
      {
        "batch": "N",
        "dispatches": null,
        "flops": 853946,
        "kernels": null,
        "macs": 416520,
        "maxBatch": null,
        "params": 61706,
        "peakBytes": null,
        "statistics": 0,
        "verdict": "",
      }
    `);
  });
  it("draws Markdown", () => {
    expect(shapeMarkdown(shapeTable(lenet))).toMatchInlineSnapshot(`
      "| layer | operation | output | params | kernel | output size | MACs | bytes | field |
      | --- | --- | --- | ---: | --- | --- | ---: | ---: | --- |
      | conv1 | conv2d 6 · 5×5, padding 2 | [N, 6, 28, 28] | 156 | – | ⌊(28 + 2·2 − 5)/1⌋ + 1 = 28 | 117,600 | 18,816 | 5×5 /1 −2 |
      | sigmoid1 | sigmoid | [N, 6, 28, 28] | – | – |  | – | 18,816 | 5×5 /1 −2 |
      | pool1 | avgPool2d 2×2 | [N, 6, 14, 14] | – | – | ⌊(28 − 2)/2⌋ + 1 = 14 | – | 4,704 | 6×6 /2 −2 |
      | conv2 | conv2d 16 · 5×5 | [N, 16, 10, 10] | 2,416 | – | ⌊(14 − 5)/1⌋ + 1 = 10 | 240,000 | 6,400 | 14×14 /2 −2 |
      | sigmoid2 | sigmoid | [N, 16, 10, 10] | – | – |  | – | 6,400 | 14×14 /2 −2 |
      | pool2 | avgPool2d 2×2 | [N, 16, 5, 5] | – | – | ⌊(10 − 2)/2⌋ + 1 = 5 | – | 1,600 | 16×16 /4 −2 |
      | flatten1 | flatten | [N, 400] | – | – | 16·5·5 = 400 | – | 1,600 | ? |
      | fc1 | linear 400 → 120 | [N, 120] | 48,120 | – |  | 48,000 | 480 | 28×28 /– 0 |
      | sigmoid3 | sigmoid | [N, 120] | – | – |  | – | 480 | 28×28 /– 0 |
      | fc2 | linear 120 → 84 | [N, 84] | 10,164 | – |  | 10,080 | 336 | 28×28 /– 0 |
      | sigmoid4 | sigmoid | [N, 84] | – | – |  | – | 336 | 28×28 /– 0 |
      | fc3 | linear 84 → 10 | [N, 10] | 850 | – |  | 840 | 40 | 28×28 /– 0 |

      61,706 parameters · 416,520 multiply-adds (MACs) per example

      field: size /stride offset of what one element sees of the input

      field ?: what one element sees is no window that moves with its position
      "
    `);
  });
});
