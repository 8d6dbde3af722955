// Files that are dropped or picked, and the samples beside the page. Nothing leaves the page.

async function textOf(blob: Blob): Promise<string> {
  const [first, second] = new Uint8Array(await blob.slice(0, 2).arrayBuffer());
  const zipped = first === 0x1f && second === 0x8b;
  const stream = zipped ? blob.stream().pipeThrough(new DecompressionStream("gzip")) : blob.stream();
  return new Response(stream).text();
}

/** A server may have unpacked a sample already: its first bytes say. */
async function sampleText(url: URL): Promise<string> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url.pathname}: ${response.status}`);
  return textOf(await response.blob());
}

export const SAMPLES = {
  record: () => sampleText(new URL("../samples/disk.ops.gz", import.meta.url)),
  image: () => sampleText(new URL("../samples/kernel.tables.json.gz", import.meta.url)),
};

/** Makes an element take files: by dropping, or through its input. */
export function takeFiles(
  zone: HTMLElement,
  input: HTMLInputElement,
  taken: (name: string, text: string) => void,
): void {
  const take = async (file: File | undefined): Promise<void> => {
    if (file !== undefined) taken(file.name, await textOf(file));
  };
  input.addEventListener("change", () => void take(input.files?.[0]));
  zone.addEventListener("dragover", (event) => {
    event.preventDefault();
    zone.classList.add("over");
  });
  zone.addEventListener("dragleave", () => zone.classList.remove("over"));
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    zone.classList.remove("over");
    void take(event.dataTransfer?.files[0]);
  });
}
