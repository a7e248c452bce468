import { setTimeout as sleep } from "node:timers/promises";
import type { Container, ContainerCreateOptions, ContainerInspectInfo } from "dockerode";
import { unknownValue as unknown } from "../../../local/pulumi/values";
import { changes } from "../diff";
import { checkFields } from "../fields";
import { type Context, PartialFailure, type ResourceType } from "../plugin";
import { bytes, computed, createRequest, liveInputs, outputsOf } from "./container-api";
import {
  type ContainerInputs,
  changedInPlace,
  comparable,
  containerFields,
  mustRun,
} from "./container-fields";
import { type Engine, saidBy, statusOf, unlessMissing } from "./engine";
import { ensureImage } from "./image";

/** Milliseconds until a removed container must be gone. */
const removalTimeout = 30_000;

/** Adds to an error of the engine what was tried. An error of the connection is clear by itself. */
function failed(what: string, error: unknown, wayOut = ""): Error {
  if (statusOf(error) === undefined) return error as Error;
  return new Error(`${what}: ${saidBy(error)}${wayOut && `. ${wayOut}`}`);
}

/** The last lines of a container's output, for an error. */
async function lastWords(container: Container): Promise<string> {
  // Each line has a header of 8 bytes.
  const framed = await container.logs({ stdout: true, stderr: true, tail: 20 }).catch(() => Buffer.alloc(0));
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the frame has them
  return framed.toString("utf8").replace(/[\x00-\x02]\x00{3}[\s\S]{4}/g, "");
}

async function start(container: Container, inputs: ContainerInputs): Promise<void> {
  try {
    await container.start();
  } catch (error) {
    // 304: it runs already.
    if (statusOf(error) !== 304) throw error;
  }
  if (!mustRun(inputs)) return;
  // A program that fails at once does so within moments.
  const end = Date.now() + Math.min(inputs.containerReadRefreshTimeoutMilliseconds, 1_000);
  for (;;) {
    const { State: state } = await container.inspect();
    if (!state.Running) {
      throw new Error(
        `the container ${inputs.name} exited immediately, with code ${state.ExitCode}${state.Error && ` (${state.Error})`}. It printed:\n${await lastWords(container)}`,
      );
    }
    if (Date.now() >= end) return;
    await sleep(200);
  }
}

async function create(engine: Engine, context: Context, inputs: ContainerInputs): Promise<Container> {
  // An id cannot be pulled: the image must be there.
  if (!/^(sha256:)?[0-9a-f]{64}$/.test(inputs.image)) await ensureImage(engine, inputs.image, context);
  try {
    // Separate options, since dockerode would otherwise also write the body into the URL, and environments have
    // secrets.
    const request = { _query: { name: inputs.name }, _body: createRequest(inputs) };
    return await engine.api.createContainer(request as ContainerCreateOptions);
  } catch (error) {
    const taken = statusOf(error) === 409;
    throw failed(
      `cannot create the container ${inputs.name} on ${engine.host}`,
      error,
      taken
        ? `Choose another \`name\`, or remove that container: \`docker rm -f ${inputs.name}\` on ${engine.host}`
        : "",
    );
  }
}

async function waitUntilGone(container: Container): Promise<void> {
  for (const end = Date.now() + removalTimeout; ; ) {
    if (!(await unlessMissing(container.inspect()))) return;
    if (Date.now() > end) throw new Error(`it is still there after ${removalTimeout / 1000} s`);
    await sleep(200);
  }
}

const gone = (name: string, host: string): Error =>
  new Error(
    `the container ${name} is gone from ${host}: run \`pulumi refresh\`, then \`pulumi up\` makes it again`,
  );

/**
 * `docker:index/container:Container`: a container, running or not.
 *
 * @param engine gives the configured host's engine
 */
export function container(engine: () => Engine): ResourceType {
  const inspected = async (id: string): Promise<ContainerInspectInfo | undefined> =>
    await unlessMissing(engine().api.getContainer(id).inspect());

  return {
    check: (news) => checkFields("docker", containerFields, news),

    diff(oldInputs, news) {
      const found = changes(comparable(oldInputs), comparable(news)).map((change) => ({
        ...change,
        replace: !changedInPlace.has(change.path),
      }));
      return {
        changes: found,
        // Two containers cannot have one name at the same time.
        deleteBeforeReplace: oldInputs.name === news.name && found.some(({ replace }) => replace),
      };
    },

    previewCreate: (inputs) => ({
      ...Object.fromEntries(computed.map((name) => [name, unknown])),
      ...inputs,
    }),

    async create(context, values) {
      const inputs = values as unknown as ContainerInputs;
      const made = await create(engine(), context, inputs);
      try {
        if (inputs.start !== false) await start(made, inputs);
        return { id: made.id, properties: outputsOf(values, await made.inspect()) };
      } catch (error) {
        // The container exists. Pulumi must record it, so that the next `up` starts it and `destroy` removes it.
        const reason = failed(`cannot start the container ${inputs.name} on ${engine().host}`, error);
        throw new PartialFailure(reason.message, made.id, values);
      }
    },

    async read(_context, { id, properties, inputs }) {
      if (typeof properties.name !== "string") {
        throw new Error("a container cannot be imported with the offline stand-in");
      }
      const found = await inspected(id);
      if (!found) return undefined;
      const live = liveInputs(inputs, found);
      return { id: found.Id, inputs: live, properties: outputsOf({ ...properties, ...live }, found) };
    },

    previewUpdate: (olds, news) => ({ ...olds, ...news }),

    async update(_context, id, olds, news) {
      const inputs = news as unknown as ContainerInputs;
      const { api, host } = engine();
      const existing = api.getContainer(id);
      const before = comparable(olds);
      const wanted = comparable(news);
      try {
        if (["restart", "memory", "memorySwap"].some((name) => before[name] !== wanted[name])) {
          const memory = bytes(inputs.memory ?? 0);
          await existing.update({
            RestartPolicy: { Name: inputs.restart ?? "no", MaximumRetryCount: 0 },
            Memory: memory,
            // The engine applies this rule to new containers, but not to existing ones.
            MemorySwap: inputs.memorySwap === undefined ? 2 * memory : bytes(inputs.memorySwap),
          });
        }
        if (mustRun(inputs)) await start(existing, inputs);
        return outputsOf(news, await existing.inspect());
      } catch (error) {
        throw statusOf(error) === 404
          ? gone(inputs.name, host)
          : failed(`cannot change the container ${inputs.name} on ${host}`, error);
      }
    },

    async delete(_context, id, properties) {
      const { api, host } = engine();
      const existing = api.getContainer(id);
      const grace = (properties.destroyGraceSeconds as number | undefined) ?? 0;
      try {
        if (grace > 0) {
          await unlessMissing(existing.stop({ t: grace })).catch((error) => {
            // 304: it does not run.
            if (statusOf(error) !== 304) throw error;
          });
        }
        await unlessMissing(existing.remove({ force: true, v: properties.removeVolumes !== false })).catch(
          (error) => {
            // 409: another client removes it already.
            if (statusOf(error) !== 409) throw error;
          },
        );
        await waitUntilGone(existing);
      } catch (error) {
        throw failed(`cannot remove the container ${String(properties.name)} from ${host}`, error);
      }
    },
  };
}
