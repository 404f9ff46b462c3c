/** What all runtimes that train are told. */
export const LEARNING_RATE = 0.1;

/** Training steps come in multiples of this: an epoch of the data that the runtimes hold. */
export const STEPS_PER_RUN = 8;
