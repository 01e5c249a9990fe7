// The reference server, at the version that package.json pins, doing the work
// that bench/README.md describes. Usage: node server.mjs ADDRESS
import { createServer } from "node:http";
import { Server } from "socket.io";

const [host, port] = (process.argv[2] ?? "127.0.0.1:0").split(":");
const http = createServer();
const io = new Server(http, { transports: ["websocket"], perMessageDeflate: false, serveClient: false });

io.on("connection", (socket) => {
	socket.join("room");
	socket.emit("joined");
	socket.on("message", (text, ack) => {
		io.to("room").emit("message", text);
		ack();
	});
});

http.listen(Number(port), host, () => console.log(`serving ${host}:${http.address().port}`));

// Standard input is a pipe from the load generator: it ends when that does.
const exit = () => process.exit(0);
process.stdin.on("end", exit).resume();
process.on("SIGTERM", exit);
