/** People, places and messages of chat platforms, as they are remembered. */

export interface StoredPerson {
  platform: string;
  id: string;
  name: string;
}

export interface StoredPlace {
  platform: string;
  channel: string;
  direct: boolean;
}

export interface StoredMessage {
  platform: string;
  channel: string;
  message: string;
}
