#include "tests/lib/rsync_bad.h"
#include "tests/lib/cunit_main.h"
static void
nothing(void)
{
}
static const struct xn_test_case cases[] = {
	{ "nothing", nothing },
};
XN_TEST_MAIN("rsync: a hostile target", cases)
