// A client of mazemesh in JavaScript: lists the games, plays one against a bot, and sends a row through Replay.
// usage: node main.js PROTO_FOLDER GAME_ADDRESS REPLAY_ADDRESS     (prints one JSON document)
import { createHash, randomUUID } from "node:crypto";
import grpc from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";

const [protoFolder, gameAddress, replayAddress] = process.argv.slice(2);
const FILES = ["mazemesh/v1/game.proto", "mazemesh/v1/replay.proto"];
// 64-bit numbers are texts in JavaScript: a number has 53 bits.
const LOADING = { includeDirs: [protoFolder], keepCase: true, longs: String, enums: String, oneofs: true, defaults: true };
const { mazemesh } = grpc.loadPackageDefinition(loadSync(FILES, LOADING));
const CHANNEL = { "grpc.max_receive_message_length": 64 << 20, "grpc.max_send_message_length": 64 << 20 };

function connect(Service, address) {
  const client = new Service(address, grpc.credentials.createInsecure(), CHANNEL);
  return {
    call: (method, request) =>
      new Promise((resolve, reject) => {
        const deadline = Date.now() + 10_000;
        client[method](request, { deadline }, (error, answer) => (error ? reject(error) : resolve(answer)));
      }),
    stream: (method) => client[method]({ deadline: Date.now() + 60_000 }),
    close: () => client.close(),
  };
}

// One seat of a race against bot/random: a turn comes, an act goes.
async function play(game) {
  const setup = {
    match_id: `javascript-${randomUUID()}`,
    game: "race",
    settings: { width: 5, height: 5 },
    seed: "7",
    participants: ["player/javascript", "bot/random"],
    rotations: 1,
  };
  const { matches } = await game.call("CreateGames", { matches: [setup] });
  const seat_token = matches[0].games[0].seat_tokens.find((token) => token !== "");
  const stream = game.stream("PlayGame");
  stream.write({ join: { seat_token } });
  for await (const answer of stream) {
    if (answer.message === "turn") {
      // uint8 [num_actions], 1 = legal.
      const legal = [...answer.turn.action_mask.keys()].filter((action) => answer.turn.action_mask[action] === 1);
      const action = legal[Math.floor(Math.random() * legal.length)];
      stream.write({ act: { step: answer.turn.step, action } });
    } else if (answer.message === "finished") {
      stream.end();
      return { steps: answer.finished.steps, scores: answer.finished.scores };
    }
  }
  throw new Error("the stream ended before the game did");
}

const COLUMNS = [
  { name: "observation", dtype: "DATA_TYPE_UINT8", numpy: "uint8", shape: [3] },
  { name: "reward", dtype: "DATA_TYPE_FLOAT32", numpy: "float32", shape: [] },
];

// The first 8 bytes, big-endian, of the SHA-256 of "name:dtype:d0,d1,...;" for each column.
function signatureHash() {
  const text = COLUMNS.map(({ name, numpy, shape }) => `${name}:${numpy}:${shape.join(",")};`).join("");
  return createHash("sha256").update(text).digest().readBigUInt64BE(0).toString();
}

// A row goes into a queue and comes out: columns are little-endian bytes.
async function insertAndDraw(replay) {
  const table = `javascript/${randomUUID()}`;
  const fifo = { kind: "SELECTOR_KIND_FIFO" };
  const columns = COLUMNS.map(({ name, dtype, shape }) => ({ name, dtype, shape }));
  await replay.call("CreateTable", {
    table: {
      name: table,
      signature: { columns, hash: signatureHash() },
      capacity: "10",
      sampler: fifo,
      remover: fifo,
      rate_limiter: { min_size_to_sample: "1", samples_per_insert: 1, min_diff: 0, max_diff: 10 },
      max_times_sampled: 1,
    },
  });
  const reward = Buffer.alloc(4);
  reward.writeFloatLE(-1.25);
  const batch = { signature_hash: signatureHash(), rows: 1, data: [Buffer.from([0, 1, 255]), reward] };
  await replay.call("RecordExperience", { table, writer_id: randomUUID(), sequence: "1", columns: batch });
  const drawn = await replay.call("GetExperienceBatch", { table, batch_size: 1 });
  await replay.call("DeleteTable", { table });
  const [observation, rewards] = drawn.columns.data;
  return { observation: [...observation], reward: rewards.readFloatLE(0), probability: drawn.probabilities.readDoubleLE(0) };
}

const game = connect(mazemesh.v1.GameService, gameAddress);
const replay = connect(mazemesh.v1.ReplayService, replayAddress);
try {
  const { games, bots } = await game.call("ListGames", {});
  const result = { games: games.map(({ name }) => name), bots, played: await play(game), row: await insertAndDraw(replay) };
  console.log(JSON.stringify(result));
} finally {
  game.close();
  replay.close();
}
