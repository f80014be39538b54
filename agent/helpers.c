/*
 * helpers.c: the functions that libtcc calls by itself.
 *
 * With -nostdlib nothing of tcc's own library is there, so what its code
 * generator emits calls to is given here.  The memory functions are in the
 * table of core/side.
 */
#include <string.h>

#include "agent/compile.h"

#if defined(__x86_64__)

/* tcc's va_arg: the classes and the layout are those of its own stdarg.h. */
struct va_place {
	unsigned int gp_offset, fp_offset;
	union {
		unsigned int overflow_offset;
		char *overflow_arg_area;
	} u;
	char *reg_save_area;
};

static void *
tcc_va_arg(struct va_place *ap, int class, int size, int align)
{
	void *out;

	size = (size + 7) & ~7;
	align = (align + 7) & ~7;
	if (class == 0 && ap->gp_offset + (unsigned int)size <= 48) {
		ap->gp_offset += (unsigned int)size;
		return ap->reg_save_area + ap->gp_offset - size;
	}
	if (class == 1 && ap->fp_offset < 128 + 48) {
		ap->fp_offset += 16;
		if (size <= 8)
			return ap->reg_save_area + ap->fp_offset - 16;
		/* two doubles lie 16 bytes apart: bring them together */
		if (ap->fp_offset < 128 + 48) {
			memcpy(ap->reg_save_area + ap->fp_offset - 8,
			    ap->reg_save_area + ap->fp_offset, 8);
			ap->fp_offset += 16;
			return ap->reg_save_area + ap->fp_offset - 32;
		}
	}
	ap->u.overflow_arg_area += size;
	ap->u.overflow_arg_area = (char *)(((uintptr_t)ap->u.overflow_arg_area
	    + (uintptr_t)align - 1) & ~((uintptr_t)align - 1));
	out = ap->u.overflow_arg_area - size;
	return out;
}

static unsigned long long
fixunsxfdi(long double v)
{
	return (unsigned long long)v;
}

static long double
floatundixf(unsigned long long v)
{
	return (long double)v;
}

#elif defined(__aarch64__)

/* long double is software here; these are libgcc's. */
void __addtf3(void);
void __subtf3(void);
void __multf3(void);
void __divtf3(void);
void __extendsftf2(void);
void __extenddftf2(void);
void __trunctfsf2(void);
void __trunctfdf2(void);
void __fixtfsi(void);
void __fixtfdi(void);
void __fixunstfsi(void);
void __fixunstfdi(void);
void __floatsitf(void);
void __floatditf(void);
void __floatunsitf(void);
void __floatunditf(void);
void __eqtf2(void);
void __netf2(void);
void __lttf2(void);
void __letf2(void);
void __gttf2(void);
void __getf2(void);

#endif

static unsigned long long
fixunsdfdi(double v)
{
	return (unsigned long long)v;
}

static unsigned long long
fixunssfdi(float v)
{
	return (unsigned long long)v;
}

static double
floatundidf(unsigned long long v)
{
	return (double)v;
}

static float
floatundisf(unsigned long long v)
{
	return (float)v;
}

#define HELPER(name, function) { name, (const void *)(function) }

const struct xn_side_symbol xn_compile_helpers[] = {
	HELPER("__fixunsdfdi", fixunsdfdi),
	HELPER("__fixunssfdi", fixunssfdi),
	HELPER("__floatundidf", floatundidf),
	HELPER("__floatundisf", floatundisf),
#if defined(__x86_64__)
	HELPER("__va_arg", tcc_va_arg),
	HELPER("__fixunsxfdi", fixunsxfdi),
	HELPER("__floatundixf", floatundixf),
#elif defined(__aarch64__)
	HELPER("__addtf3", __addtf3),
	HELPER("__subtf3", __subtf3),
	HELPER("__multf3", __multf3),
	HELPER("__divtf3", __divtf3),
	HELPER("__extendsftf2", __extendsftf2),
	HELPER("__extenddftf2", __extenddftf2),
	HELPER("__trunctfsf2", __trunctfsf2),
	HELPER("__trunctfdf2", __trunctfdf2),
	HELPER("__fixtfsi", __fixtfsi),
	HELPER("__fixtfdi", __fixtfdi),
	HELPER("__fixunstfsi", __fixunstfsi),
	HELPER("__fixunstfdi", __fixunstfdi),
	HELPER("__floatsitf", __floatsitf),
	HELPER("__floatditf", __floatditf),
	HELPER("__floatunsitf", __floatunsitf),
	HELPER("__floatunditf", __floatunditf),
	HELPER("__eqtf2", __eqtf2),
	HELPER("__netf2", __netf2),
	HELPER("__lttf2", __lttf2),
	HELPER("__letf2", __letf2),
	HELPER("__gttf2", __gttf2),
	HELPER("__getf2", __getf2),
#endif
	{ NULL, NULL }
};
