/*
 * stabs.c: functions and lines of an object file with stabs, as tcc -g makes.
 *
 * In .stab, N_FUN with a name begins a function (its text is "name:F..."), one
 * with an empty name ends it; N_SLINE in between has a line and the offset of
 * its code from the function's start.  The function's address is taken from
 * the symbol table, so that no relocation need be applied.
 */
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "agent/crash.h"

#define N_FUN	0x24
#define N_SLINE	0x44

struct stab {
	uint32_t strx;
	uint8_t type, other;
	uint16_t desc;
	uint32_t value;
};

struct section {
	const uint8_t *p;
	size_t n;
};

struct xn_stabs {
	uint8_t *map;
	size_t size;
	struct section stab, stabstr, symtab, strtab;
};

/* The section NAME of the object, empty if it is not there or lies outside. */
static struct section
section(const struct xn_stabs *s, const char *name)
{
	const Elf64_Ehdr *eh = (const void *)s->map;
	const Elf64_Shdr *sh, *names;
	struct section none = { NULL, 0 };

	if (s->size < sizeof(*eh) || eh->e_shoff % 8 != 0 ||
	    eh->e_shoff > s->size || eh->e_shstrndx >= eh->e_shnum ||
	    (s->size - eh->e_shoff) / sizeof(*sh) < eh->e_shnum)
		return none;
	sh = (const void *)(s->map + eh->e_shoff);
	names = &sh[eh->e_shstrndx];
	for (int i = 0; i < eh->e_shnum; i++) {
		uint64_t at = names->sh_offset + sh[i].sh_name;

		if (at + strlen(name) < s->size &&
		    memcmp(s->map + at, name, strlen(name) + 1) == 0 &&
		    sh[i].sh_offset <= s->size &&
		    sh[i].sh_size <= s->size - sh[i].sh_offset)
			return (struct section){ s->map + sh[i].sh_offset,
			    sh[i].sh_size };
	}
	return none;
}

struct xn_stabs *
xn_stabs_open(int fd)
{
	struct xn_stabs *s;
	struct stat st;

	if (fstat(fd, &st) != 0 || st.st_size <= 0)
		return NULL;
	s = calloc(1, sizeof(*s));
	if (s == NULL)
		return NULL;
	s->size = (size_t)st.st_size;
	s->map = mmap(NULL, s->size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (s->map == MAP_FAILED) {
		free(s);
		return NULL;
	}
	s->stab = section(s, ".stab");
	s->stabstr = section(s, ".stabstr");
	s->symtab = section(s, ".symtab");
	s->strtab = section(s, ".strtab");
	return s;
}

void
xn_stabs_close(struct xn_stabs *s)
{
	if (s == NULL)
		return;
	munmap(s->map, s->size);
	free(s);
}

/* The text at OFFSET of TABLE; "" if it is not a text within it. */
static const char *
text_at(const struct section *table, size_t offset)
{
	if (offset >= table->n ||
	    memchr(table->p + offset, '\0', table->n - offset) == NULL)
		return "";
	return (const char *)table->p + offset;
}

/* The address of the function whose name is the first N bytes at NAME. */
static int64_t
address_of(const struct xn_stabs *s, const char *name, size_t n)
{
	Elf64_Sym sym;

	for (size_t i = 0; i + sizeof(sym) <= s->symtab.n; i += sizeof(sym)) {
		const char *text;

		memcpy(&sym, s->symtab.p + i, sizeof(sym));
		text = text_at(&s->strtab, sym.st_name);
		if (sym.st_shndx != SHN_UNDEF && strlen(text) == n &&
		    memcmp(text, name, n) == 0)
			return (int64_t)sym.st_value;
	}
	return -1;
}

int64_t
xn_stabs_address(const struct xn_stabs *s, const char *name)
{
	return address_of(s, name, strlen(name));
}

int
xn_stabs_find(const struct xn_stabs *s, int64_t address, char *function,
    size_t size, int *line)
{
	const char *name = "", *text;
	int64_t start = -1;
	int found = 0, last = 0;
	struct stab e;

	for (size_t i = 0; i + sizeof(e) <= s->stab.n; i += sizeof(e)) {
		memcpy(&e, s->stab.p + i, sizeof(e));
		if (e.type == N_SLINE && start >= 0 &&
		    start + (int64_t)e.value <= address)
			found = e.desc, last = 1;
		if (e.type != N_FUN)
			continue;
		text = text_at(&s->stabstr, e.strx);
		/* The end has the function's size as its value. */
		if (text[0] == '\0' && start >= 0 && last &&
		    address < start + (int64_t)e.value) {
			snprintf(function, size, "%.*s",
			    (int)strcspn(name, ":"), name);
			*line = found;
			return 0;
		}
		name = text;
		last = 0;
		start = text[0] == '\0' ? -1 :
		    address_of(s, text, strcspn(text, ":"));
	}
	return -1;
}
