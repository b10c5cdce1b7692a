/** W3C Trace Context (https://www.w3.org/TR/trace-context/): one id for a request's whole way. */
export interface TraceContext {
  traceId: string;
  /** The header as the next one on the way gets it. */
  traceparent: string;
  tracestate?: string;
}

const TRACEPARENT = /^([\da-f]{2})-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})(?:-.*)?$/;

/**
 * The caller's trace with a span of ours, or a new trace if its header is absent or invalid.
 * @param uuid a random one, new for each request, whose digits they get
 */
export function continueTrace(
  traceparent: string | null,
  tracestate: string | null,
  uuid: string,
): TraceContext {
  const random = uuid.replaceAll('-', '');
  const given = traceparent === null ? null : TRACEPARENT.exec(traceparent);
  const [, version, traceId = '', parentId = '', flags = '00'] = given ?? [];
  const valid = given && version !== 'ff' && !/^0+$/.test(traceId) && !/^0+$/.test(parentId);
  const id = valid ? traceId : random;
  return {
    traceId: id,
    traceparent: `00-${id}-${random.slice(16)}-${valid ? flags : '00'}`,
    ...(valid && tracestate && tracestate.length <= 512 && { tracestate }),
  };
}
