#include "appliance/job/config_texts.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>

#include "appliance/job/json.h"

static void
write_bytes(FILE *out, const char *text)
{
	const xn_value_t value = { .kind = XN_BYTES,
	    .size = (unsigned int)strlen(text),
	    .u.bytes = (const unsigned char *)text };

	syncgate_json_write(out, &value);
}

void
syncgate_config_texts_write(FILE *out, const apr_array_header_t *texts)
{
	putc('[', out);
	for (int i = 0; i < texts->nelts; i++) {
		const syncgate_config_text_t *text = &APR_ARRAY_IDX(texts, i,
		    syncgate_config_text_t);

		fputs(i > 0 ? ",[" : "[", out);
		write_bytes(out, text->file);
		putc(',', out);
		write_bytes(out, text->text);
		putc(']', out);
	}
	putc(']', out);
}

/* VALUE, bytes, in POOL; NULL if it is none. */
static const char *
take_bytes(const xn_value_t *value, apr_pool_t *pool)
{
	if (value == NULL || value->kind != XN_BYTES ||
	    memchr(value->u.bytes, '\0', value->size) != NULL)
		return NULL;
	return apr_pstrmemdup(pool, (const char *)value->u.bytes, value->size);
}

xn_error_t *
syncgate_config_texts_read(apr_array_header_t **texts, const xn_value_t *list,
    apr_pool_t *pool)
{
	*texts = apr_array_make(pool, 4, sizeof(syncgate_config_text_t));
	for (unsigned int i = 0; list != NULL && i < list->size; i++) {
		const xn_value_t *pair = xn_value_item(list, i);
		syncgate_config_text_t *text = apr_array_push(*texts);

		text->file = take_bytes(xn_value_item(pair, 0), pool);
		text->text = take_bytes(xn_value_item(pair, 1), pool);
		if (text->file == NULL || text->text == NULL)
			return xn_error_create(XN_E_PROTOCOL,
			    "the configuration that was handed over is none");
	}
	if ((*texts)->nelts == 0)
		return xn_error_create(XN_E_PROTOCOL,
		    "no configuration was handed over");
	return NULL;
}

xn_error_t *
syncgate_config_texts_of(apr_array_header_t **texts, int fd, apr_pool_t *pool)
{
	const xn_value_t *value;
	struct stat st;
	char *text;

	if (fstat(fd, &st) != 0)
		return xn_error_system(errno, "descriptor %d", fd);
	if (st.st_size > SYNCGATE_TEXTS_MAX)
		return xn_error_create(XN_E_PROTOCOL,
		    "the configuration that was handed over is too large");
	text = apr_palloc(pool, (apr_size_t)st.st_size + 1);
	if (pread(fd, text, (size_t)st.st_size, 0) != st.st_size)
		return xn_error_create(XN_E_PROTOCOL,
		    "the configuration that was handed over is cut off");
	XN_TRY(syncgate_json_read(&value, text, (size_t)st.st_size, pool));
	return syncgate_config_texts_read(texts, value, pool);
}
