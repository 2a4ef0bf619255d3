// NNI's own server for its runners (port + 1), alone: `node nni_channel.js NNI_NODE PORT`.
// It knows the experiment `ours` with one runner, `known`, and prints each command that it hears.
const [root, port] = process.argv.slice(2);
process.chdir(root);
require(`${root}/node_modules/app-module-path`).addPath(root);
const nothing = () => ({});
const line = { writeLine: nothing, writeLineSync: nothing };
const rest = { urlJoin: (...parts) => parts.join("/"), getFullUrl: () => "" };
global.nni = {
  args: { experimentId: "ours", port: Number(port), action: "create", logLevel: "info" },
  paths: { experimentRoot: root },
  logStream: line,
  rest: new Proxy(rest, { get: (known, name) => known[name] ?? nothing }),
};
const { EventEmitter } = require("events");
const { WebCommandChannel } = require(
  `${root}/training_service/reusable/channels/webCommandChannel.js`,
);
const heard = new EventEmitter();
heard.on("command", (one) => console.log(one.environment.id, one.command));
const channel = WebCommandChannel.getInstance(heard);
channel.start().then(() => channel.open({ id: "known" })).then(() => console.log("ready"));
