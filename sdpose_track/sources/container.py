"""A media file opened, and the stream of it that is looked at."""

from __future__ import annotations

from pathlib import Path

import av
from av.container import InputContainer
from av.video.stream import VideoStream

_VIDEO = (
    "apv,asf,av1,avi,avs2,avs3,bink,cavsvideo,cdxl,cine,dhav,dirac,dnxhd,dv,ea,evc,film_cpk,flic,"
    "flv,gxf,h261,h263,h264,hevc,hxvs,ifv,ingenient,ipu,iv8,ivf,ivr,kux,live_flv,lmlm4,luodat,lxf,"
    "m4v,matroska,mjpeg,mjpeg_2000,moflex,mov,mpeg,mpegts,mpegvideo,mpjpeg,mtv,mxf,mxg,nc,nsv,nut,"
    "nuv,obu,ogg,pmp,pva,rm,roq,rpl,ser,smjpeg,smk,swf,thp,ty,usm,vc1,vc1test,vivo,vvc,wtv,xmv,"
    "yuv4mpegpipe"
)
_PICTURES = (
    "apng,bmp_pipe,cri_pipe,dds_pipe,dpx_pipe,exr_pipe,gif,hdr_pipe,ico,iff,j2k_pipe,jpeg_pipe,"
    "jpegls_pipe,jpegxl_anim,jpegxl_pipe,jpegxs_pipe,msp,pam_pipe,pbm_pipe,pcx_pipe,pfm_pipe,"
    "pgm_pipe,phm_pipe,photocd_pipe,png_pipe,ppm_pipe,psd_pipe,qdraw_pipe,qoi_pipe,sgi_pipe,"
    "sunrast_pipe,tiff_pipe,webp_pipe,xbm_pipe,xpm_pipe,xwd_pipe"
)
_SOUND = "aac,ac3,aiff,amr,ape,au,caf,dsf,dts,eac3,flac,mp3,mpc,mpc8,tak,truehd,tta,voc,w64,wav,wv"
"""To be told as such."""
FORMATS = f"{_VIDEO},{_PICTURES},{_SOUND}"
"""What a file may be, by FFmpeg's names: none that opens other files by itself. A playlist would
have them opened while FFmpeg finds out what it is: a pipe that never answers, another computer."""


def open_container(path: Path) -> InputContainer:
    """Open `path` as a file and nothing else, whatever its name looks like or it names itself.

    Raises:
        av.error.FFmpegError: it is no media file. OSError: it cannot be read.
    """
    return av.open(
        f"file:{path.absolute()}",
        options={"protocol_whitelist": "file", "format_whitelist": FORMATS},
        metadata_errors="replace",
    )


def choose_stream(container: InputContainer) -> VideoStream | None:
    """Return the stream to show, everything else switched off; None if there is no video.

    An attached picture (the cover of a song) is no video.
    """
    attached = av.stream.Disposition.attached_pic
    videos = [s for s in container.streams.video if not s.disposition & attached]
    if not videos:
        return None
    best = container.streams.best("video")
    chosen = next((s for s in videos if s is best), videos[0])
    for other in container.streams:
        if other is not chosen:
            other.discard = av.stream.Discard.all
    return chosen
