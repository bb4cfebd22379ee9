// The stream of a simulator: a turn goes, its answer comes. All that is needed of ExternalEpisodes (model.proto).
import grpc from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";

const LOADING = { keepCase: true, longs: Number, enums: String, oneofs: true, defaults: true };
export const [ACTS, TERMINATED, TRUNCATED] = [0, 1, 2];

export function modelService(protoFolder, address) {
  const files = loadSync(["mazemesh/v1/model.proto"], { ...LOADING, includeDirs: [protoFolder] });
  const { mazemesh } = grpc.loadPackageDefinition(files);
  return new mazemesh.v1.ModelService(address, grpc.credentials.createInsecure());
}

export class Simulator {
  // `kinds`: of agents, as AgentKind in model.proto. What waits, or fails, is told to `say`.
  constructor(service, kinds, say = () => {}) {
    this.say = say;
    this.sequence = 0;
    this.answers = new Map(); // those who wait, by sequence
    this.failed = new Set(); // episodes
    this.lost = null; // what the stream ended by
    this.stream = service.ExternalEpisodes();
    this.opened = new Promise((resolve, reject) => (this.opening = { resolve, reject }));
    this.stream.on("data", (message) => this.take(message));
    this.stream.on("error", (error) => this.lose(error));
    this.stream.on("end", () => this.lose(new Error("the service ended the stream")));
    this.stream.write({ simulator: { name: "javascript", kinds } });
  }

  take(message) {
    if (message.message === "opened") this.opening.resolve(message.opened.kinds);
    else if (message.message === "answer") {
      this.answers.get(message.answer.sequence).resolve(message.answer);
      this.answers.delete(message.answer.sequence);
    } else if (message.message === "failed") {
      this.failed.add(message.failed.episode);
      this.say(`episode ${message.failed.episode} failed: ${message.failed.message}`);
    } else if (message.message === "waiting") this.say(message.waiting.reason);
  }

  lose(error) {
    this.lost ??= error;
    this.opening.reject(error);
    for (const { reject } of this.answers.values()) reject(error);
    this.answers.clear();
  }

  // Tells what happened (SimulatorTurn), and resolves to the actions (TurnAnswer).
  turn(turn) {
    if (this.lost) return Promise.reject(this.lost);
    const sequence = (this.sequence += 1);
    const answer = new Promise((resolve, reject) => this.answers.set(sequence, { resolve, reject }));
    this.stream.write({ turn: { ...turn, sequence } });
    return answer;
  }

  close() {
    this.stream.end();
  }
}

// A column of numbers, little-endian, as all machines are that Node runs on.
export function floats(name, rows) {
  const data = Buffer.from(Float32Array.from(rows.flat()).buffer);
  return { name, dtype: "DATA_TYPE_FLOAT32", data };
}
