/*
 * stabs.c: functions and lines of an object file with stabs, as tcc -g makes.
 *
 * In .stab, N_FUN begins a function (its text is "name:F..."); the N_SLINEs
 * behind it have a line and the offset of its code from the function's start.
 * The function's address and size are taken from the symbol table, so that no
 * relocation need be applied.
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

/* Header number I of the sections; tcc does not align them. */
static Elf64_Shdr
header(const struct xn_stabs *s, const Elf64_Ehdr *eh, unsigned int i)
{
	Elf64_Shdr sh;

	memcpy(&sh, s->map + eh->e_shoff + i * sizeof(sh), sizeof(sh));
	return sh;
}

/* The section NAME of the object, empty if it is not there or lies outside. */
static struct section
section(const struct xn_stabs *s, const char *name)
{
	struct section none = { NULL, 0 };
	Elf64_Shdr sh, names;
	Elf64_Ehdr eh;

	if (s->size < sizeof(eh))
		return none;
	memcpy(&eh, s->map, sizeof(eh));
	if (eh.e_shoff > s->size || eh.e_shstrndx >= eh.e_shnum ||
	    (s->size - eh.e_shoff) / sizeof(sh) < eh.e_shnum)
		return none;
	names = header(s, &eh, eh.e_shstrndx);
	for (unsigned int i = 0; i < eh.e_shnum; i++) {
		uint64_t at;

		sh = header(s, &eh, i);
		at = names.sh_offset + sh.sh_name;
		if (at + strlen(name) < s->size &&
		    memcmp(s->map + at, name, strlen(name) + 1) == 0 &&
		    sh.sh_offset <= s->size &&
		    sh.sh_size <= s->size - sh.sh_offset)
			return (struct section){ s->map + sh.sh_offset,
			    sh.sh_size };
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

/* The symbol whose name is the first N bytes at NAME: 0, or -1. */
static int
find_symbol(const struct xn_stabs *s, const char *name, size_t n,
    Elf64_Sym *out)
{
	for (size_t i = 0; i + sizeof(*out) <= s->symtab.n;
	    i += sizeof(*out)) {
		const char *text;

		memcpy(out, s->symtab.p + i, sizeof(*out));
		text = text_at(&s->strtab, out->st_name);
		if (out->st_shndx != SHN_UNDEF && strlen(text) == n &&
		    memcmp(text, name, n) == 0)
			return 0;
	}
	return -1;
}

int64_t
xn_stabs_address(const struct xn_stabs *s, const char *name)
{
	Elf64_Sym sym;

	return find_symbol(s, name, strlen(name), &sym) == 0 ?
	    (int64_t)sym.st_value : -1;
}

int
xn_stabs_find(const struct xn_stabs *s, int64_t address, char *function,
    size_t size, int *line)
{
	int inside = 0, found = 0;
	const char *name;
	Elf64_Sym sym;
	struct stab e;

	memset(&sym, 0, sizeof(sym));
	for (size_t i = 0; i + sizeof(e) <= s->stab.n; i += sizeof(e)) {
		memcpy(&e, s->stab.p + i, sizeof(e));
		if (e.type == N_FUN && inside)
			break;
		if (e.type == N_FUN) {
			name = text_at(&s->stabstr, e.strx);
			inside = find_symbol(s, name, strcspn(name, ":"),
			    &sym) == 0 && address >= (int64_t)sym.st_value &&
			    address < (int64_t)(sym.st_value + sym.st_size);
		} else if (e.type == N_SLINE && inside &&
		    (int64_t)(sym.st_value + e.value) <= address) {
			found = e.desc;
		}
	}
	if (!inside || found == 0)
		return -1;
	snprintf(function, size, "%s", text_at(&s->strtab, sym.st_name));
	*line = found;
	return 0;
}
