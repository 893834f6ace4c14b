/** What the painting thread is asked for. */
export interface PaintRequest {
  id: number;
  svg: string;
}

export type PaintAnswer = { id: number; png: Uint8Array } | { id: number; error: string };
