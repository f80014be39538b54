/*
 * The rows of rsync_filter_rows.h at the far end: how many there are, or an
 * error.  tests/system/rsync_filter.sh puts the text together.
 */
void
remote_main(xn_channel *channel, const xn_value *kwargs)
{
	int n = (int)(sizeof(rs_rows) / sizeof(rs_rows[0])), i;
	const struct rs_row *row;
	struct rs_filter f;
	char error[200], *path;
	size_t length;

	for (i = 0; i < n; i++) {
		row = &rs_rows[i];
		rs_filter_init(&f, "/srv/data", 0);
		if (rs_filter_add(&f, row->rule, error, sizeof(error)) != 0)
			xn_fail("%s", error);
		path = strdup(row->path);
		length = strlen(path);
		if (length > 0 && path[length - 1] == '/')
			path[--length] = '\0';
		if (rs_filter_hides(&f, path, row->path[length] == '/') !=
		    row->hides)
			xn_fail("row %d: %s: %s", i, row->rule, row->path);
		free(path);
		rs_filter_free(&f);
	}
	xn_send(channel, "i", n);
}
