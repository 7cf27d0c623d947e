/** Refuses a build whose files would take long to load. */
import type { Plugin } from "vite";

/** Of all files together, as they travel. They are about half of it; a dependency that doubles them is a decision. */
const GZIP_BYTES_MAX = 1_000_000;

export function bundleSize(): Plugin {
  return {
    name: "bundle-size",
    apply: "build",
    async writeBundle(_options, bundle) {
      const sizes = await Promise.all(
        Object.values(bundle).map((file) => gzipBytes(file.type === "chunk" ? file.code : file.source)),
      );
      const total = sizes.reduce((sum, size) => sum + size, 0);
      if (total > GZIP_BYTES_MAX) this.error(`the files are ${total} bytes after gzip, ${GZIP_BYTES_MAX} are allowed`);
      this.info(`the files are ${total} bytes after gzip, of ${GZIP_BYTES_MAX}`);
    },
  };
}

async function gzipBytes(content: string | Uint8Array): Promise<number> {
  const packed = new Blob([content as BlobPart]).stream().pipeThrough(new CompressionStream("gzip"));
  return (await new Response(packed).arrayBuffer()).byteLength;
}
