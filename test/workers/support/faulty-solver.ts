import { decodeBatch, encodeBatch } from '../../../src/core/optimizer/batch.ts';
import { decodePacket, encodePacket } from '../../../src/core/optimizer/packet.ts';
import solver from '../../../src/workers/site-solver.ts';

export { PlantStates } from '../../../src/workers/site-solver.ts';

/**
 * A real solver that can be told to misbehave: `POST /__fault` with a {@link Fault}.
 * The state lives in this Worker's isolate until the next order. Tests use `faults.ts`.
 */

export const faultKinds = [
  'none',
  'timeout',
  'nan',
  'nan-plane',
  'wrong-round',
  'status-500',
  'garbage',
  'placed',
] as const;
export type FaultKind = (typeof faultKinds)[number];

export type Fault = {
  kind: FaultKind;
  /** `nan`, `nan-plane` and `wrong-round`: spoils the answer of this site only. Absent: of all. */
  site?: string;
  /** Rounds to spoil before the solver is sound again. Absent: all. */
  times?: number;
  /** `timeout`: how late the sound answer comes. */
  delayMs?: number;
};

let fault: Fault = { kind: 'none' };
/** Requests answered or spoilt, without the orders. */
let requests = 0;

/** From half of the packet on, every double is NaN: eight bytes 0xff are one at any alignment. */
function withNaN(packet: Uint8Array): Uint8Array {
  return packet.fill(0xff, Math.floor(packet.length / 2));
}

/** One figure of a plant's first plane is NaN; all else is sound. */
function withNaNPlane(bytes: Uint8Array): Uint8Array {
  const packet = decodePacket(bytes, 'answer');
  packet.arrays.couplingMarginalAud?.fill(Number.NaN, 3, 4);
  return encodePacket(packet);
}

/** Where a packet's round is, see core/optimizer/packet.ts. */
const ROUND_OFFSET_BYTES = 8;

function withOtherRound(packet: Uint8Array): Uint8Array {
  const view = new DataView(packet.buffer, packet.byteOffset, packet.byteLength);
  view.setUint32(ROUND_OFFSET_BYTES, view.getUint32(ROUND_OFFSET_BYTES, true) + 1, true);
  return packet;
}

function siteOf(packet: Uint8Array): string {
  return (decodePacket(packet, 'answer').meta as { site: string }).site;
}

async function spoil(
  request: Request,
  kind: FaultKind,
  order: Fault,
  sound: () => Promise<Response>,
) {
  switch (kind) {
    case 'none':
      return sound();
    case 'timeout':
      // A promise that never settles would be cut off by the runtime as a hang.
      await scheduler.wait(order.delayMs ?? 60_000);
      return sound();
    case 'status-500':
      return new Response('faulty on purpose', { status: 500 });
    case 'garbage':
      return new Response(new Uint8Array([0xde, 0xad, 0xbe, 0xef, 0x00]), { status: 200 });
    case 'placed':
      // No fault: the header that Cloudflare puts on a request to a placed Worker.
      request.headers.set('cf-placement', 'remote-SYD');
      return sound();
    case 'nan':
    case 'nan-plane':
    case 'wrong-round': {
      const response = await sound();
      if (!response.ok) return response;
      const packets = decodeBatch(new Uint8Array(await response.arrayBuffer()), 'answers');
      const spoilt = packets.map((packet) => {
        if (order.site !== undefined && siteOf(packet) !== order.site) return packet;
        if (kind === 'nan-plane') return withNaNPlane(packet);
        return kind === 'nan' ? withNaN(packet) : withOtherRound(packet);
      });
      return new Response(encodeBatch(spoilt), response);
    }
  }
}

export default {
  async fetch(request: Request, env: unknown, ctx: ExecutionContext): Promise<Response> {
    if (new URL(request.url).pathname === '/__fault') {
      if (request.method === 'POST') {
        fault = await request.json<Fault>();
        requests = 0;
      }
      return Response.json({ fault, requests });
    }
    const order = fault;
    requests += 1;
    if (order.times !== undefined) {
      fault = order.times > 1 ? { ...order, times: order.times - 1 } : { kind: 'none' };
    }
    // The solver's own signature is its business: it is handed on as it came.
    const handler = solver.fetch as (...args: unknown[]) => Response | Promise<Response>;
    const mutable = new Request(request);
    return spoil(mutable, order.kind, order, async () => handler.call(solver, mutable, env, ctx));
  },
};
