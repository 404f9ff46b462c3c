// Limits are a safety net: a software adapter on a busy machine takes its time.
export default { test: { testTimeout: 300_000, hookTimeout: 300_000 } };
