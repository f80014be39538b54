#!/usr/bin/python3
"""A slow line on loopback: relay.py PORT DELAY_MS MBIT

Listens on a free port of 127.0.0.1, which it prints, and carries every
connection to PORT: each byte arrives DELAY_MS later, at most MBIT million bits
a second in each direction.  Ends with its standard input.
"""
import asyncio
import sys


async def carry(reader, writer, delay, rate):
    """Bytes wait in a queue until their time has come."""
    loop = asyncio.get_running_loop()
    queue = asyncio.Queue(maxsize=64)

    async def deliver():
        while True:
            due, data = await queue.get()
            await asyncio.sleep(max(0, due - loop.time()))
            if not data:
                if writer.can_write_eof():
                    writer.write_eof()
                return
            writer.write(data)
            await writer.drain()

    task = loop.create_task(deliver())
    free = loop.time()
    try:
        while True:
            data = await reader.read(4096)
            free = max(free, loop.time()) + len(data) / rate
            await queue.put((free + delay, data))
            if not data:
                break
            await asyncio.sleep(max(0, free - loop.time()))
        await task
    except ConnectionError:
        task.cancel()


async def main(port, delay_ms, mbit):
    async def on_connection(reader, writer):
        there = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(
            carry(reader, there[1], delay_ms / 1e3, mbit * 1e6 / 8),
            carry(there[0], writer, delay_ms / 1e3, mbit * 1e6 / 8))
        writer.close()
        there[1].close()

    server = await asyncio.start_server(on_connection, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


asyncio.run(main(int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3])))
