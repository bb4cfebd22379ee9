// A pole on a cart (Barto, Sutton and Anderson 1983), with the constants of Gymnasium's CartPole-v1.
const GRAVITY = 9.8;
const POLE_MASS = 0.1;
const TOTAL_MASS = 1.0 + POLE_MASS;
const HALF_LENGTH = 0.5;
const FORCE = 10.0;
const SECONDS = 0.02;
const MOST_ANGLE = (12 * 2 * Math.PI) / 360;
const MOST_POSITION = 2.4;
export const STEP_LIMIT = 500;

export class CartPole {
  constructor(random = Math.random) {
    this.random = random;
    this.reset();
  }

  reset() {
    this.state = Array.from({ length: 4 }, () => this.random() * 0.1 - 0.05);
    this.steps = 0;
  }

  // 0 pushes to the left, 1 to the right. Each step earns 1; it ends when the pole or the cart is too far off.
  step(action) {
    let [position, speed, angle, turn] = this.state;
    const force = action === 1 ? FORCE : -FORCE;
    const [cosine, sine] = [Math.cos(angle), Math.sin(angle)];
    const pushed = (force + POLE_MASS * HALF_LENGTH * turn * turn * sine) / TOTAL_MASS;
    const bend =
      (GRAVITY * sine - cosine * pushed) / (HALF_LENGTH * (4 / 3 - (POLE_MASS * cosine * cosine) / TOTAL_MASS));
    const gain = pushed - (POLE_MASS * HALF_LENGTH * bend * cosine) / TOTAL_MASS;
    this.state = [position + SECONDS * speed, speed + SECONDS * gain, angle + SECONDS * turn, turn + SECONDS * bend];
    this.steps += 1;
    const terminated = Math.abs(this.state[0]) > MOST_POSITION || Math.abs(this.state[2]) > MOST_ANGLE;
    return { reward: 1, terminated, truncated: !terminated && this.steps >= STEP_LIMIT };
  }
}
