/*
 * show.h: what is shown of a job, as pieces of the page that replace
 * themselves: each has an id, and is one line.
 */
#ifndef SYNCGATE_HTTP_SHOW_H
#define SYNCGATE_HTTP_SHOW_H

#include <stdio.h>

#include "appliance/http/model.h"

/* Of the table: a <tbody>. */
void show_row(FILE *out, const model_job_t *job, apr_time_t now);

/* Of its own page. */
void show_panel(FILE *out, const model_job_t *job, apr_time_t now);

/* Of the table's head: how many there are, and how they are. */
void show_summary(FILE *out, const model_t *model);

/* The chart of RATE, WIDTH by HEIGHT. */
void show_chart(FILE *out, const model_rate_t *rate, int width, int height);

/* A rate a second, in what RATE counts. */
void show_rate(FILE *out, const model_rate_t *rate, double value);

#endif
