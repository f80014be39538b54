/*
 * sides.h: the sides' texts, as they are shipped (made by tools/embed.sh).
 */
#ifndef FILEPROC_SIDES_H
#define FILEPROC_SIDES_H

extern const char fileproc_text_room[], fileproc_text_command[],
    fileproc_text_process[], fileproc_text_system[];

#endif
