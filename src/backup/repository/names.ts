/** Names of objects (docs/FORMAT.md section 2). */

const HEX_ID = /^[0-9a-f]{64}$/;

/** The last component of a name. */
export function lastComponent(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1);
}

/** The ID that ends a name, or undefined where the name is not one of an object that carries its hash. */
export function idOfName(name: string): string | undefined {
  const last = lastComponent(name);
  return HEX_ID.test(last) ? last : undefined;
}
