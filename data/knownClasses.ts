/** Known sets of class names. */
export const KNOWN: Readonly<Record<string, readonly string[]>> = {
  "fashion-mnist": [
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
  ],
  mnist: ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"],
};
