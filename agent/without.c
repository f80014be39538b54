/*
 * What the agent does without, though a library that it has would use it.
 *
 * Much of libzstd is compression that is slower, and decoders of what its
 * versions before 0.8 wrote.  core/side/zstd.c uses neither, but the linker
 * cannot know: in agent/zstd.args it is told that they are all this function.
 * A version of libzstd that has others only makes the agent larger.
 */
#include <stdlib.h>

void xn_agent_without(void);

void
xn_agent_without(void)
{
	abort();
}
