// Plays many carts at once, each asking a mesh what to do, until the mean return of the last 100 episodes is the target.
// usage: node train.js PROTO_FOLDER MODEL_ADDRESS [--policy=cartpole] [--carts=16] [--target=475] [--seconds=600] [--seed=1]
// Prints a line of JSON every few seconds, and one at the end; exits with 1 where the target was not reached.
import { CartPole } from "./cartpole.js";
import { ACTS, Simulator, TERMINATED, TRUNCATED, floats, modelService } from "./mesh.js";

const [protoFolder, address] = process.argv.slice(2);
const flag = (name, usual) => {
  const given = process.argv.find((text) => text.startsWith(`--${name}=`));
  return given === undefined ? usual : given.slice(name.length + 3);
};
const policy = flag("policy", "cartpole");
const [carts, target, limit] = [+flag("carts", 16), +flag("target", 475), +flag("seconds", 600)];
const random = generator(+flag("seed", 1));

const KINDS = [
  {
    name: "cart",
    observation_space: { box: { dtype: "DATA_TYPE_FLOAT32", shape: [4], low: [-Infinity], high: [Infinity] } },
    action_space: { discrete: { n: 2 } },
    policy,
  },
];

const returns = []; // of the last 100 episodes
const counts = { episodes: 0, steps: 0, lost: 0, best: 0 };
const began = Date.now();
const mean = () => returns.reduce((sum, one) => sum + one, 0) / Math.max(1, returns.length);
const reached = () => returns.length === 100 && mean() >= target;
const late = () => Date.now() - began > limit * 1000;

function report(more = {}) {
  const seconds = Math.round((Date.now() - began) / 100) / 10;
  console.log(JSON.stringify({ seconds, ...counts, mean_return: Math.round(mean() * 10) / 10, ...more }));
}

// Plays on one stream until it breaks, the target is reached or the time is over.
async function play(service) {
  const simulator = new Simulator(service, KINDS, (text) => console.error(text));
  try {
    const [{ learns }] = await simulator.opened;
    if (!learns) throw new Error(`${policy} does not learn from simulators`);
    const all = Array.from({ length: carts }, (_, index) => ({ game: new CartPole(random), episode: index + 1, earned: 0 }));
    let next = carts;
    while (!reached() && !late()) {
      const answer = await simulator.turn({ agents: [asked(all)], ended_episodes: over(all) });
      // Those that ended begin anew with the next turn.
      for (const cart of all.filter((cart) => cart.ended || simulator.failed.has(cart.episode))) {
        note(cart);
        cart.game.reset();
        Object.assign(cart, { episode: (next += 1), earned: 0, total: 0, ended: 0 });
      }
      if (answer.agents.length === 0) continue;
      const { episodes, columns } = answer.agents[0];
      const acting = new Map(all.map((cart) => [cart.episode, cart]));
      episodes.forEach((episode, row) => {
        const cart = acting.get(episode);
        const { reward, terminated, truncated } = cart.game.step(columns[0].data.readInt8(row));
        Object.assign(cart, { earned: reward, total: (cart.total ?? 0) + reward });
        cart.ended = terminated ? TERMINATED : truncated ? TRUNCATED : ACTS;
        counts.steps += 1;
      });
    }
  } finally {
    simulator.close();
  }
}

function asked(all) {
  return {
    kind: "cart",
    episodes: all.map((cart) => cart.episode),
    rewards: all.map((cart) => cart.earned),
    status: Buffer.from(all.map((cart) => cart.ended ?? ACTS)),
    columns: [floats("observation", all.map((cart) => cart.game.state))],
  };
}

const over = (all) => all.filter((cart) => cart.ended).map((cart) => cart.episode);

function note(cart) {
  if (!cart.ended) return;
  counts.episodes += 1;
  returns.push(cart.total);
  if (returns.length > 100) returns.shift();
  if (returns.length === 100) counts.best = Math.max(counts.best, Math.round(mean() * 10) / 10);
}

// Marsaglia's xorshift of 32 bits, so that a seed gives the same carts.
function generator(seed) {
  let state = seed >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

const service = modelService(protoFolder, address);
const ticking = setInterval(report, 5000);
while (!reached() && !late()) {
  try {
    await play(service);
  } catch (error) {
    // Nothing but the open episodes is lost: the next stream goes on. A policy that is not there yet is waited for.
    counts.lost += 1;
    console.error(String(error.details ?? error.message));
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}
clearInterval(ticking);
service.close();
report({ reached: reached() });
process.exitCode = reached() ? 0 : 1;
