// PLUMBING STUB: replaced by the real solver.
export default {
  async fetch(_request: Request, env: { SITE: string }): Promise<Response> {
    return Response.json({ site: JSON.parse(env.SITE).site.id });
  },
};
