/** Damage to JSON: values replaced, removed, doubled, anywhere in a tree. */
import fc from "fast-check";

type Json = ReturnType<typeof JSON.parse>;

/** What a value may be replaced by: wrong kinds, borders of number ranges, names that mean something elsewhere. */
const BAD: readonly unknown[] = [
  null,
  true,
  "",
  "N",
  "__proto__",
  "constructor",
  [],
  {},
  0,
  -1,
  0.5,
  1,
  2,
  7,
  65_536,
  2 ** 31,
  2 ** 53,
  1e308,
  [[[[]]]],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is meant as text.
  "*/</script>`${1}`\n",
];

/** Every place in the tree, as a path. */
function places(value: Json, path: readonly (string | number)[] = []): (string | number)[][] {
  if (typeof value !== "object" || value === null) return [[...path]];
  const keys = Array.isArray(value) ? value.map((_, i) => i) : Object.keys(value);
  return [[...path], ...keys.flatMap((key) => places(value[key], [...path, key]))];
}

type Damage = "replace" | "remove" | "double" | "nudge";

function damage(root: Json, path: readonly (string | number)[], kind: Damage, by: unknown): Json {
  if (path.length === 0) return kind === "replace" ? by : root;
  const last = path.at(-1) ?? 0;
  const parent = path.slice(0, -1).reduce((value, key) => value?.[key], root);
  if (typeof parent !== "object" || parent === null) return root;
  if (kind === "remove") {
    if (Array.isArray(parent)) parent.splice(Number(last), 1);
    else delete parent[last];
  } else if (kind === "double" && Array.isArray(parent)) parent.push(parent[Number(last)]);
  else if (kind === "nudge" && typeof parent[last] === "number") parent[last] += 1;
  else parent[last] = by;
  return root;
}

/** The tree with one to three places damaged. The original is left as it is. */
export function mutated(root: Json): fc.Arbitrary<Json> {
  const all = places(root);
  const one = fc.record({
    path: fc.constantFrom(...all),
    kind: fc.constantFrom<Damage>("replace", "remove", "double", "nudge"),
    by: fc.constantFrom(...BAD),
  });
  return fc
    .array(one, { minLength: 1, maxLength: 3 })
    .map((list) =>
      list.reduce(
        (tree, { path, kind, by }) => damage(tree, path, kind, structuredClone(by)),
        structuredClone(root),
      ),
    );
}
