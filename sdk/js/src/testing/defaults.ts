// The configuration as the host hands it over: absent properties have the defaults of the schema.

interface Schema {
  properties?: Record<string, Schema>;
  items?: Schema;
  default?: unknown;
}

/** A copy of a configuration, filled in. */
export function configured(schema: object | undefined, config: object): unknown {
  const filled: unknown = structuredClone(config);
  fill(schema as Schema | undefined, filled);
  return filled;
}

function fill(schema: Schema | undefined, value: unknown): void {
  if (schema === undefined || typeof value !== "object" || value === null) return;
  if (Array.isArray(value)) {
    value.forEach((element) => fill(schema.items, element));
    return;
  }
  const object = value as Record<string, unknown>;
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    if (object[name] === undefined && property.default !== undefined) object[name] = structuredClone(property.default);
    fill(property, object[name]);
  }
}
