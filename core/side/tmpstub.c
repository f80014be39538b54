#include "core/side/side.h"
#include <unistd.h>
#include <stdlib.h>
#include <execnet/remote.h>
long long xn_zstd_pack(void *o,size_t s,const void*i,size_t n,int l){(void)o;(void)s;(void)i;(void)n;(void)l;return -1;}
int xn_zstd_unpack(void *o,size_t s,const void*i,size_t n){(void)o;(void)s;(void)i;(void)n;return -1;}
