export interface Memory {
  heapMb: number;
  buffersMb: number;
}

/** The V8 inspector of one Worker's isolate. */
export class Inspector {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, (result: Record<string, number>) => void>();
  #lastId = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.onmessage = ({ data }) => {
      const message = JSON.parse(String(data));
      this.#waiting.get(message.id)?.(message.result ?? {});
      this.#waiting.delete(message.id);
    };
  }

  static async open(port: number, worker: string): Promise<Inspector> {
    const response = await fetch(`http://127.0.0.1:${port}/json`);
    const targets = (await response.json()) as { id: string; webSocketDebuggerUrl: string }[];
    const target = targets.find(({ id }) => id.split(':').at(-1) === worker);
    if (!target) throw new Error(`no isolate of ${worker} among ${targets.map((t) => t.id)}`);
    const socket = new WebSocket(target.webSocketDebuggerUrl);
    await new Promise((resolve, reject) => {
      socket.onopen = resolve;
      socket.onerror = reject;
    });
    return new Inspector(socket);
  }

  /** Memory in use, MB, what is not collected yet included: objects, and array buffers beside them. */
  async memory(): Promise<Memory> {
    const usage = await this.#call('Runtime.getHeapUsage');
    const [heapMb, buffersMb] = [usage.usedSize, usage.backingStorageSize].map(
      (bytes) => (bytes as number) / 1e6,
    ) as [number, number];
    return { heapMb, buffersMb };
  }

  close(): void {
    this.#socket.close();
  }

  #call(method: string): Promise<Record<string, number>> {
    const id = ++this.#lastId;
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      this.#socket.send(JSON.stringify({ id, method }));
    });
  }
}
